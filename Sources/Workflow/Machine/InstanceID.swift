/// One thing to do in a run: a step, or one item of a `for_each` step.
public struct InstanceID: Hashable, Sendable, Comparable {
    /// The step's index in the definition.
    public var step: Int
    /// The item's index; nil where the step is no `for_each`.
    public var item: Int?

    public init(_ step: Int, item: Int? = nil) {
        self.step = step
        self.item = item
    }

    public static func < (left: InstanceID, right: InstanceID) -> Bool {
        (left.step, left.item ?? -1) < (right.step, right.item ?? -1)
    }
}
