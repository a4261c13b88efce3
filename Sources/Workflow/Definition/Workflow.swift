/// A workflow that was read and found right, with all that it refers to.
public struct Workflow: Hashable, Sendable {
    public var definition: WorkflowDefinition
    /// What it was read from; loading it again gives the same workflow.
    public var bundle: WorkflowBundle
    /// The workflows that its steps start, by the value of their parameter `workflow`.
    public var children: [String: Workflow]

    public init(definition: WorkflowDefinition, bundle: WorkflowBundle, children: [String: Workflow] = [:]) {
        self.definition = definition
        self.bundle = bundle
        self.children = children
    }
}
