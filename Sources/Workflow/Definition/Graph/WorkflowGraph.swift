/// The DAG of a workflow as a picture: boxes and the arrows that are needed to see the order.
public struct WorkflowGraph: Hashable, Sendable {
    public struct Node: Hashable, Sendable {
        public var id: String
        public var kind: String
        /// Such as `succeeded`; nil for a workflow that is not being run.
        public var status: String?
    }

    public struct Edge: Hashable, Sendable {
        /// Indices into `nodes`: `to` needs `from`.
        public var from: Int
        public var to: Int
    }

    public let title: String
    /// In the order of the file.
    public let nodes: [Node]
    /// Without those that follow from others.
    public let edges: [Edge]

    /// - Parameter statuses: The status of each step, by id; a step without one is drawn plain.
    public init(_ definition: WorkflowDefinition, statuses: [String: String] = [:]) {
        title = definition.name
        nodes = definition.steps.map { Node(id: $0.id, kind: $0.uses, status: statuses[$0.id]) }
        let indices = definition.steps.indices
        let needs = definition.steps.map { Set($0.needs.filter(indices.contains)) }
        let order = StepOrder(needs: needs.map { Array($0) }).order
        var places = Array(repeating: 0, count: needs.count)
        for (place, step) in order.enumerated() { places[step] = place }
        var edges: [Edge] = []
        for step in order {
            // What is needed through others; none of them can come before the first that is needed directly.
            let first = needs[step].map { places[$0] }.min() ?? 0
            var indirect: Set<Int> = []
            var stack = needs[step].count > 1 ? needs[step].flatMap { needs[$0] } : []
            while let other = stack.popLast() {
                if places[other] >= first, indirect.insert(other).inserted { stack += needs[other] }
            }
            edges += needs[step].subtracting(indirect).sorted().map { Edge(from: $0, to: step) }
        }
        self.edges = edges.sorted { ($0.to, $0.from) < ($1.to, $1.from) }
    }

    /// The colours of a status, fill and line, as `#rrggbb`.
    static func colours(_ status: String?) -> (fill: String, line: String) {
        switch status {
        case "succeeded": ("#d7f0dc", "#2e7d43")
        case "failed", "revertFailed", "unknown": ("#fbdcdc", "#b3261e")
        case "running", "reverting": ("#d9e8fb", "#1f5fae")
        case "waiting", "backingOff": ("#fdf0cc", "#9a6b00")
        case "skipped", "cancelled", "reverted": ("#ececec", "#8a8a8a")
        default: ("#ffffff", "#5f6368")
        }
    }
}
