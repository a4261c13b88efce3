/// How a value is not what its schema asks for. Never quotes the value, which may be secret.
public struct SchemaFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// A step down into a value.
    enum Segment: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    public var code: DefinitionError.Code
    /// Where in the value: `inputs.groups[2].name`.
    public var path: String
    public var message: String
    public var remedy: String
    /// The way from the checked value to the faulty one.
    var segments: [Segment]

    public var description: String { "\(path) \(message) [\(code.rawValue)]\n  fix: \(remedy)" }

    func error(at location: SourceLocation?, naming name: String? = nil) -> DefinitionError {
        DefinitionError(code, at: location, "\(name ?? "'\(path)'") \(message)", fix: remedy)
    }
}

/// All faults of a set of values. Never empty.
public struct SchemaFaults: Error, Hashable, Sendable, CustomStringConvertible {
    public var faults: [SchemaFault]

    public var description: String { faults.map(\.description).joined(separator: "\n") }
}
