extension WorkflowDefinition {
    /// The values of all inputs: those given, and the defaults of the others.
    ///
    /// - Throws: All faults at once: unknown inputs, missing ones, and values that are not what was declared. A value is
    ///   never quoted.
    public func resolveInputs(given: [String: Value]) throws(DefinitionErrors) -> [String: Value] {
        var errors = unknown(Set(given.keys))
        var values: [String: Value] = [:]
        for input in inputs {
            guard let value = given[input.name], !value.isNull else {
                if let value = input.default {
                    values[input.name] = value
                } else {
                    errors.append(
                        DefinitionError(
                            .missingInput, at: nil, "input '\(input.name)' of workflow '\(name)' is missing",
                            fix: "give it with -i \(input.name)=…, \(input.schema.wanted), or in the file named with -f"
                        ))
                }
                continue
            }
            let faults = input.schema.check(value, at: input.name)
            errors += faults.map { $0.error(at: nil, naming: "input '\($0.path)'") }
            values[input.name] = input.schema.applyDefaults(to: value)
        }
        guard errors.isEmpty else { throw DefinitionErrors(errors) }
        return values
    }

    /// Reads inputs given as text, such as `-i size=3` on the command line, as what they were declared to be.
    public func coerceInputs(_ texts: [String: String]) throws(DefinitionErrors) -> [String: Value] {
        var errors = unknown(Set(texts.keys))
        var values: [String: Value] = [:]
        for input in inputs {
            guard let text = texts[input.name] else { continue }
            do throws(SchemaFault) {
                values[input.name] = try input.schema.coerce(text, at: input.name)
            } catch {
                errors.append(error.error(at: nil, naming: "input '\(error.path)'"))
            }
        }
        guard errors.isEmpty else { throw DefinitionErrors(errors) }
        return values
    }

    /// Checks that the secrets which are bound are those that the workflow asks for.
    public func checkSecrets(bound: Set<String>) throws(DefinitionErrors) {
        let names = secrets.map(\.name)
        var errors: [DefinitionError] = []
        for name in bound.sorted() where !names.contains(name) {
            errors.append(
                DefinitionError(
                    .unknownSecret, at: nil, "workflow '\(self.name)' has no secret '\(name)'",
                    fix: Spelling.remedy(for: name, among: names, none: "leave it out; it takes none")))
        }
        for secret in secrets where secret.required && !bound.contains(secret.name) {
            errors.append(
                DefinitionError(
                    .missingSecret, at: nil, "secret '\(secret.name)' of workflow '\(name)' is not bound",
                    fix: "bind it with --secret \(secret.name)=env:VARIABLE, or file:PATH"))
        }
        guard errors.isEmpty else { throw DefinitionErrors(errors) }
    }

    private func unknown(_ given: Set<String>) -> [DefinitionError] {
        let names = inputs.map(\.name)
        return given.subtracting(names).sorted().map { name in
            DefinitionError(
                .unknownInput, at: nil, "workflow '\(self.name)' has no input '\(name)'",
                fix: Spelling.remedy(for: name, among: names, none: "leave it out; it takes none"))
        }
    }
}
