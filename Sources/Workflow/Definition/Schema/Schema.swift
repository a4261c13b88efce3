/// What a value must look like: of a workflow's input, or of a step kind's parameter.
///
/// One type serves validation, defaults, `runner schema` (as JSON Schema) and the documentation of step kinds.
public struct Schema: Hashable, Sendable {
    /// The type, and what narrows it down.
    public indirect enum Shape: Hashable, Sendable {
        case any
        case boolean
        /// `range` is inclusive; nil allows every integer.
        case integer(ClosedRange<Int>?)
        /// `range` is inclusive; nil allows every number.
        case number(ClosedRange<Double>?)
        /// `pattern`: a regular expression that must match the whole string. `options`: the only values allowed.
        case string(pattern: String?, format: Format?, options: [String]?)
        case array(Schema)
        /// Named fields; other keys are refused.
        case object([Parameter])
        /// Any keys, all values alike.
        case map(Schema)
        case oneOf([Schema])
        /// An object written in place, or the path of a YAML file beside the workflow that is a template over
        /// the same names, or a list of these that are merged, later ones winning.
        case template
        /// The path of a file beside the workflow, whose text goes into the workflow's bundle; the step gets the text.
        case text
    }

    /// Well-known string formats.
    public enum Format: String, Hashable, Sendable, CaseIterable {
        case email, hostname, uri, uuid, path, duration, ipv4
    }

    public var shape: Shape
    public var description: String?

    public init(_ shape: Shape, description: String? = nil) {
        self.shape = shape
        self.description = description
    }

    public static let any = Schema(.any)
    public static let boolean = Schema(.boolean)
    public static let integer = Schema(.integer(nil))
    public static let number = Schema(.number(nil))
    public static let string = Schema(.string(pattern: nil, format: nil, options: nil))
    public static let template = Schema(.template)
    /// A duration such as `90s`, `10m`, `1h30m`; a bare number counts seconds.
    public static let duration = Schema(.string(pattern: nil, format: .duration, options: nil))
    public static func integer(_ range: ClosedRange<Int>) -> Schema { Schema(.integer(range)) }
    /// - Parameter pattern: A regular expression that must match the whole string.
    public static func string(pattern: String) -> Schema {
        Schema(.string(pattern: pattern, format: nil, options: nil))
    }
    public static func string(_ format: Format) -> Schema {
        Schema(.string(pattern: nil, format: format, options: nil))
    }
    /// One of these strings.
    public static func oneOf(_ options: String...) -> Schema {
        Schema(.string(pattern: nil, format: nil, options: options))
    }
    public static func array(_ element: Schema) -> Schema { Schema(.array(element)) }
    /// An object with any keys, all of whose values are alike.
    public static func map(_ element: Schema) -> Schema { Schema(.map(element)) }
    public static func object(_ fields: [Parameter]) -> Schema { Schema(.object(fields)) }
}

/// A named value that a step kind takes or gives, or a field of an object.
public struct Parameter: Hashable, Sendable {
    public var name: String
    public var schema: Schema
    /// Whether it must be given; without effect beside a default.
    public var required: Bool
    /// Taken where the key is missing; nil leaves it out.
    public var `default`: Value?
    /// A secret output is sealed before it is stored; a secret parameter is never shown.
    public var secret: Bool
    /// The value ends where others can read it, such as a program's argument list: a secret in it is refused.
    public var exposed: Bool
    public var description: String

    public init(
        _ name: String, _ schema: Schema, required: Bool = false, default: Value? = nil, secret: Bool = false,
        exposed: Bool = false, _ description: String
    ) {
        self.name = name
        self.schema = schema
        self.required = required
        self.default = `default`
        self.secret = secret
        self.exposed = exposed
        self.description = description
    }
}
