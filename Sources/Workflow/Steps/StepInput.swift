/// The rendered `with` of a step: checked against the kind's parameters, defaults filled in.
public struct StepInput: Hashable, Sendable {
    /// By the names of the kind's parameters.
    public let values: [String: Value]

    public init(_ values: [String: Value]) {
        self.values = values
    }

    /// The value of a parameter; nil where it was not given and has no default, or is null.
    public subscript(name: String) -> Value? {
        values[name].flatMap { $0.isNull ? .none : $0 }  // A plain `nil` would be a null `Value`.
    }

    /// A required string parameter.
    public func string(_ name: String) throws(StepError) -> String {
        guard let value = self[name]?.stringValue else { throw mismatch(name, "a string") }
        return value
    }

    /// An optional string parameter.
    public func optionalString(_ name: String) throws(StepError) -> String? {
        try self[name] == nil ? nil : string(name)
    }

    /// An optional boolean parameter; missing means false.
    public func flag(_ name: String) throws(StepError) -> Bool {
        guard let value = self[name] else { return false }
        guard let flag = value.boolValue else { throw mismatch(name, "a boolean") }
        return flag
    }

    /// A required integer parameter.
    public func integer(_ name: String) throws(StepError) -> Int {
        guard let value = self[name]?.integerValue else { throw mismatch(name, "an integer") }
        return value
    }

    /// A list of strings; missing means empty.
    public func strings(_ name: String) throws(StepError) -> [String] {
        guard let value = self[name] else { return [] }
        guard let elements = value.arrayValue else { throw mismatch(name, "a list of strings") }
        return try elements.map { element throws(StepError) in
            guard let string = element.stringValue else { throw mismatch(name, "a list of strings") }
            return string
        }
    }

    /// An object parameter; missing means empty.
    public func object(_ name: String) throws(StepError) -> [String: Value] {
        guard let value = self[name] else { return [:] }
        guard let object = value.objectValue else { throw mismatch(name, "an object") }
        return object
    }

    /// A duration parameter such as `90s`; nil where it is missing.
    public func duration(_ name: String) throws(StepError) -> Duration? {
        guard let value = self[name] else { return nil }
        let text = value.stringValue ?? value.integerValue.map(String.init)
        guard let text, let duration = Duration(text: text) else { throw mismatch(name, "a duration such as 90s") }
        return duration
    }

    private func mismatch(_ name: String, _ wanted: String) -> StepError {
        StepError(
            .permanent, "parameter '\(name)' must be \(wanted)", object: name,
            remedy: "correct '\(name)' under 'with' of this step")
    }
}
