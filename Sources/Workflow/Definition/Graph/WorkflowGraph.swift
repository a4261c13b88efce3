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
        let needs = definition.steps.map { Set($0.needs).intersection(definition.steps.indices) }
        // What each step needs, directly or through others.
        var ancestors: [Set<Int>] = Array(repeating: [], count: needs.count)
        var edges: [Edge] = []
        for step in StepOrder(needs: needs.map { Array($0) }).order {
            let indirect = needs[step].reduce(into: Set<Int>()) { $0.formUnion(ancestors[$1]) }
            ancestors[step] = indirect.union(needs[step])
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
