/// What the machine has to know of a workflow: who needs whom, and what happens on failure. Made once for each
/// version of a workflow, shared by its runs.
public final class RunGraph: Sendable {
    public struct Node: Hashable, Sendable {
        public var id: String
        public var needs: [Int]
        /// The steps that need this one.
        public var neededBy: [Int]
        /// It has a `when` or a `for_each`, which the engine evaluates before the step starts.
        public var isConditional: Bool
        public var isForEach: Bool
        public var maxParallel: Int?
        public var rollback: Rollback
    }

    /// What a rollback does with a step's effect.
    public enum Rollback: Hashable, Sendable {
        case revert
        /// Passes over it: nothing to undo, or told to keep it.
        case skip
        /// A point of no return.
        case stop
    }

    public let nodes: [Node]
    public let onFailure: WorkflowDefinition.OnFailure
    /// Steps by name.
    public let index: [String: Int]

    /// - Parameter reverting: What each step's kind can undo, by the name of the kind.
    public init(_ definition: WorkflowDefinition, reverting: (String) -> Reverting) {
        var neededBy = [[Int]](repeating: [], count: definition.steps.count)
        for (step, definition) in definition.steps.enumerated() {
            for need in definition.needs { neededBy[need].append(step) }
        }
        nodes = definition.steps.enumerated().map { index, step in
            let rollback: Rollback =
                switch (step.revert, reverting(step.uses)) {
                case (.keep, _), (_, .nothing): .skip
                case (.never, _), (.auto, .impossible): .stop
                case (.auto, .automatic): .revert
                }
            return Node(
                id: step.id, needs: step.needs, neededBy: neededBy[index],
                isConditional: step.when != nil || step.forEach != nil, isForEach: step.forEach != nil,
                maxParallel: step.maxParallel, rollback: rollback)
        }
        onFailure = definition.onFailure
        index = Dictionary(uniqueKeysWithValues: definition.steps.enumerated().map { ($1.id, $0) })
    }

    /// The instance's name for people: `gpu[2]`, or the step's name alone.
    public func name(of instance: InstanceID) -> String {
        let id = nodes[instance.step].id
        return instance.item.map { "\(id)[\($0)]" } ?? id
    }

    /// The instance that `name` names; nil where no step is called so.
    public func instance(named name: String) -> InstanceID? {
        if let step = index[name] { return InstanceID(step) }
        guard name.hasSuffix("]"), let open = name.lastIndex(of: "["),
            let step = index[String(name[..<open])],
            let item = Int(name[name.index(after: open)...].dropLast()), item >= 0
        else { return nil }
        return InstanceID(step, item: item)
    }
}

extension RunGraph: Equatable {
    public static func == (left: RunGraph, right: RunGraph) -> Bool {
        left === right || left.nodes == right.nodes && left.onFailure == right.onFailure
    }
}
