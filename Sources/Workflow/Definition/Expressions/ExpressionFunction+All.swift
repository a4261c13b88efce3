import Crypto
import Foundation

extension ExpressionFunction {
    /// All functions, by name.
    public static let all: [ExpressionFunction] = table.values.sorted { $0.name < $1.name }

    static let table = Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0) })

    private static let list: [ExpressionFunction] = [
        ExpressionFunction("default(value, other)", "value, or other where value is null or missing") { arguments in
            arguments[0].isNull ? arguments[1] : arguments[0]
        },
        ExpressionFunction("if(condition, value, other)", "value where condition is true, else other") {
            (arguments) throws(EvaluationError) in
            guard let condition = arguments[0].boolValue else { throw arguments.mismatch(0, "true or false") }
            return arguments[condition ? 1 : 2]
        },
        ExpressionFunction("length(value)", "how many elements, members or characters value has; 0 for null") {
            (arguments) throws(EvaluationError) in
            switch arguments[0] {
            case .null: return 0
            case .string(let text): return .integer(text.count)
            case .array(let elements): return .integer(elements.count)
            case .object(let members): return .integer(members.count)
            default: throw arguments.mismatch(0, "text, a list or an object")
            }
        },
        ExpressionFunction(
            "contains(value, part)", "whether a list has the element, text has the part, or an object has the key"
        ) { (arguments) throws(EvaluationError) in
            switch arguments[0] {
            case .null: return false
            case .string(let text):
                let part = try arguments.string(1)
                return .bool(part.isEmpty || text.contains(part))
            case .array(let elements): return .bool(elements.contains { $0.isEqual(to: arguments[1]) })
            case .object(let members): return .bool(members[try arguments.string(1)] != nil)
            default: throw arguments.mismatch(0, "text, a list or an object")
            }
        },
        ExpressionFunction("lower(text)", "text in lower case") { (arguments) throws(EvaluationError) in
            .string(try arguments.string(0).lowercased())
        },
        ExpressionFunction("trim(text)", "text without white space at its ends") {
            (arguments) throws(EvaluationError) in
            .string(try arguments.string(0).trimmingCharacters(in: .whitespacesAndNewlines))
        },
        ExpressionFunction("replace(text, old, new)", "text with each old replaced by new") {
            (arguments) throws(EvaluationError) in
            let old = try arguments.string(1)
            guard !old.isEmpty else { throw .invalid("argument 2 of replace(text, old, new) must not be empty") }
            let parts = try arguments.string(0).components(separatedBy: old)
            return .string(try joined(parts, by: try arguments.string(2)))
        },
        ExpressionFunction("split(text, separator)", "the parts of text between separators, as a list") {
            (arguments) throws(EvaluationError) in
            let separator = try arguments.string(1)
            guard !separator.isEmpty else { throw .invalid("argument 2 of split(text, separator) must not be empty") }
            return .array(try arguments.string(0).components(separatedBy: separator).map { .string($0) })
        },
        ExpressionFunction("join(list, separator)", "the elements as one text, separator between them") {
            (arguments) throws(EvaluationError) in
            var parts: [String] = []
            for element in try arguments.array(0) {
                guard let text = element.asText else { throw arguments.mismatch(0, "a list of texts or numbers") }
                parts.append(text)
            }
            return .string(try joined(parts, by: try arguments.string(1)))
        },
        ExpressionFunction("concat(list, more)", "the elements of both lists") { (arguments) throws(EvaluationError) in
            .array(try arguments.array(0) + arguments.array(1))
        },
        ExpressionFunction("keys(object)", "the keys of an object, sorted") { (arguments) throws(EvaluationError) in
            .array(try arguments.object(0).keys.sorted().map { .string($0) })
        },
        ExpressionFunction("entries(object)", "a list of {name, value}, sorted by name: the shape of a container's env")
        { (arguments) throws(EvaluationError) in
            .array(
                try arguments.object(0).sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": $0.value] })
        },
        ExpressionFunction("merge(object, over)", "both objects merged deeply; where they differ, over wins") {
            (arguments) throws(EvaluationError) in
            .object(try arguments.object(0)).merged(with: .object(try arguments.object(1)))
        },
        ExpressionFunction("pluck(list, name)", "the member name of each element: of all outputs of a for_each step") {
            (arguments) throws(EvaluationError) in
            let name = try arguments.string(1)
            var members: [Value] = []
            for element in try arguments.array(0) {
                guard case .object(let object) = element else {
                    guard element.isNull else { throw arguments.mismatch(0, "a list of objects") }
                    members.append(.null)
                    continue
                }
                guard let member = object[name] else {
                    let remedy = Spelling.remedy(for: name, among: object.keys, none: "it is empty")
                    throw .invalid("pluck(list, name): an element has no '\(name)': \(remedy)")
                }
                members.append(member)
            }
            return .array(members)
        },
        ExpressionFunction("json(value)", "value as JSON text, keys sorted") { arguments in
            .string(arguments[0].canonicalJSON)
        },
        ExpressionFunction("from_json(text)", "the value that a JSON text holds") {
            (arguments) throws(EvaluationError) in
            guard let value = try? Value(json: try arguments.string(0)) else {
                throw .invalid("argument 1 of from_json(text) is not JSON")
            }
            return value
        },
        ExpressionFunction("base64(text)", "text in base 64") { (arguments) throws(EvaluationError) in
            .string(Data(try arguments.string(0).utf8).base64EncodedString())
        },
        ExpressionFunction(
            "hocon_quote(value)", "a quoted HOCON string; of a list, a HOCON list of quoted strings"
        ) { (arguments) throws(EvaluationError) in
            if case .array(let elements) = arguments[0] {
                var strings: [Value] = []
                for element in elements {
                    guard let text = element.asText else { throw arguments.mismatch(0, "text or a list of texts") }
                    strings.append(.string(text))
                }
                return .string(Value.array(strings).canonicalJSON)
            }
            return .string(Value.string(try arguments.string(0)).canonicalJSON)
        },
        ExpressionFunction("uuid(text)", "a UUID made from text (version 5): the same text always gives the same one") {
            (arguments) throws(EvaluationError) in
            .string(uuid(named: try arguments.string(0)))
        },
    ]

    private static func joined(_ parts: [String], by separator: String) throws(EvaluationError) -> String {
        let (bytes, overflow) = separator.utf8.count.multipliedReportingOverflow(by: max(0, parts.count - 1))
        guard !overflow, bytes <= maximumBytes else {
            throw .invalid("the text would be longer than \(maximumBytes >> 20) MiB")
        }
        return parts.joined(separator: separator)
    }

    /// RFC 9562 §5.5, in a name space of our own (a random UUID, the same in every version of the program).
    private static func uuid(named text: String) -> String {
        let space: [UInt8] = [
            0x5d, 0x0c, 0x8e, 0x9e, 0x2f, 0x7b, 0x4c, 0x6a, 0x9a, 0x41, 0x6f, 0x02, 0xd7, 0x3b, 0x88, 0xe4,
        ]
        var bytes = Array(Insecure.SHA1.hash(data: Data(space + Array(text.utf8))).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}

extension Value {
    /// Objects merged deeply; anything else is replaced by `other`.
    package func merged(with other: Value) -> Value {
        guard case .object(let members) = self, case .object(let more) = other else { return other }
        return .object(members.merging(more) { $0.merged(with: $1) })
    }
}
