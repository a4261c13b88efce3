/// An event that does not fit the state it meets: from a damaged or foreign journal, or a request that came too late.
public struct InvalidEvent: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
