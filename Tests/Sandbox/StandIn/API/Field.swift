/// A member of a request's body, and what is checked of it before the endpoint sees it.
struct Field: Sendable {
    enum Kind: Sendable {
        case string, int, bool, strings, object
        case choice([String])
    }

    let name: String
    let kind: Kind
    let required: Bool
    /// Whether the endpoint gets to see a null, and not only a member that was left out.
    var nullable = false

    static func required(_ name: String, _ kind: Kind = .string) -> Field {
        Field(name: name, kind: kind, required: true)
    }

    static func optional(_ name: String, _ kind: Kind = .string) -> Field {
        Field(name: name, kind: kind, required: false)
    }

    static func nullable(_ name: String, _ kind: Kind) -> Field {
        Field(name: name, kind: kind, required: false, nullable: true)
    }

    /// The value as the endpoint gets it; nil where it was left out. Digits are taken for a number and `"true"` for a
    /// truth value, as the real server takes them.
    func checked(_ value: JSON?) throws(APIError) -> JSON? {
        guard let value, value != .null else {
            if nullable, value != nil { return .null }
            if required { throw .validation(name, "field is required!") }
            return nil
        }
        switch (kind, value) {
        case (.string, .string), (.int, .int), (.bool, .bool), (.object, .object):
            return value
        case (.strings, .array) where value.strings != nil:
            return value
        case (.choice(let choices), .string(let text)):
            guard choices.contains(text) else { throw .validation(name, "value '\(text)' is not a valid choice..") }
            return value
        case (.int, .string(let text)):
            if let number = Int(text) { return .int(number) }
        case (.bool, .string(let text)):
            if let truth = ["true": true, "false": false][text.lowercased()] { return .bool(truth) }
        default:
            break
        }
        throw .validation(name, "value is wrong, expected type \"\(typeName)\"")
    }

    private var typeName: String {
        switch kind {
        case .string, .choice: "str"
        case .int: "int"
        case .bool: "bool"
        case .strings: "list"
        case .object: "dict"
        }
    }
}
