/// Reads the keys of one mapping of a workflow file, and reports those that have no business there.
struct FieldReader {
    let node: YAMLNode
    /// What messages call the mapping: `step 'agent'`.
    let what: String
    let session: LoadingSession
    private let entries: [String: YAMLEntry]

    /// Nil where the node is no mapping, which is reported.
    init?(_ node: YAMLNode, _ what: String, keys: [String], session: LoadingSession) {
        guard let entries = node.mapping else {
            session.diagnostics.report(
                .wrongType, at: node.location, "\(what) must be an object, not \(node.typeName)",
                fix: "write keys and values, such as \(keys.first ?? "key"): …")
            return nil
        }
        for entry in entries where !keys.contains(entry.key) {
            session.diagnostics.report(
                .unknownKey, at: entry.keyLocation, "\(what) has no key '\(entry.key)'",
                fix: Spelling.remedy(for: entry.key, among: keys, none: "remove it"))
        }
        self.node = node
        self.what = what
        self.session = session
        self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The value of a key; nil where it is missing or null.
    func node(_ key: String) -> YAMLNode? {
        guard let value = entries[key]?.value, !value.isNull else { return nil }
        return value
    }

    func keyLocation(_ key: String) -> SourceLocation? { entries[key]?.keyLocation }

    /// The value of a key that must be there.
    func required(_ key: String, wanted: String) -> YAMLNode? {
        if let value = node(key) { return value }
        session.diagnostics.report(
            .missingKey, at: entries[key]?.keyLocation ?? node.location, "\(what) has no '\(key)'",
            fix: "add '\(key)': \(wanted)")
        return nil
    }

    /// The value of a key, checked; nil where it is missing or, which is reported, wrong.
    func value(_ key: String, _ schema: Schema) -> Value? {
        guard let node = node(key) else { return nil }
        let faults = schema.check(node.value, at: key)
        session.report(faults, of: node) { "'\($0)' of \(what)" }
        return faults.isEmpty ? node.value : nil
    }

    func string(_ key: String) -> String? { value(key, .string)?.stringValue }

    func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? { value(key, .integer(range))?.integerValue }

    func flag(_ key: String) -> Bool? { value(key, .boolean)?.boolValue }

    /// A duration longer than zero.
    func duration(_ key: String) -> Duration? {
        guard let node = node(key), let text = value(key, .duration)?.asText, let duration = Duration(text: text)
        else { return nil }
        guard duration > .zero else {
            session.diagnostics.report(
                .invalidValue, at: node.location, "'\(key)' of \(what) must be longer than zero",
                fix: "write a longer time, or leave '\(key)' out for no limit")
            return nil
        }
        return duration
    }

    func option<Option: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Option.Type) -> Option? {
        let options = Option.allCases.map(\.rawValue)
        let schema = Schema(.string(pattern: nil, format: nil, options: options))
        return value(key, schema)?.stringValue.flatMap(Option.init(rawValue:))
    }

    /// Reports a key that makes no sense beside what else is there.
    func refuse(_ key: String, _ why: String, code: DefinitionError.Code = .misplacedKey, fix remedy: String) {
        guard let location = keyLocation(key) else { return }
        session.diagnostics.report(code, at: location, "'\(key)' of \(what) \(why)", fix: remedy)
    }
}
