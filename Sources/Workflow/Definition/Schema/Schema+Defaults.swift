extension Schema {
    /// The value with the defaults of missing fields filled in, at every depth.
    public func applyDefaults(to value: Value) -> Value {
        switch (shape, value) {
        case (.object(let fields), .object(let members)): .object(fields.applyDefaults(to: members))
        case (.array(let element), .array(let elements)): .array(elements.map { element.applyDefaults(to: $0) })
        case (.map(let element), .object(let members)): .object(members.mapValues { element.applyDefaults(to: $0) })
        case (.oneOf(let options), _):
            options.first { $0.check(value, at: "").isEmpty }?.applyDefaults(to: value) ?? value
        default: value
        }
    }
}

extension [Parameter] {
    /// The values with the defaults of missing ones filled in. A null stands for a missing value.
    func applyDefaults(to values: [String: Value]) -> [String: Value] {
        var result = values
        for parameter in self {
            if let value = values[parameter.name], !value.isNull {
                result[parameter.name] = parameter.schema.applyDefaults(to: value)
            } else if let value = parameter.default {
                result[parameter.name] = value
            }
        }
        return result
    }

    /// Checks rendered values against the parameters, and fills in the defaults.
    ///
    /// - Throws: All faults at once; they never quote a value.
    public func resolve(_ values: [String: Value]) throws(SchemaFaults) -> [String: Value] {
        let faults = Schema.object(self).check(.object(values), at: "")
        guard faults.isEmpty else { throw SchemaFaults(faults: faults) }
        return applyDefaults(to: values)
    }
}
