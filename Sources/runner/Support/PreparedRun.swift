import Workflow

/// A workflow with all that a run of it needs, checked.
struct PreparedRun {
    let workflow: Workflow
    /// With defaults; without those that are secret.
    let inputs: [String: Value]
    /// Where secrets, and secret inputs, come from, by name.
    let sources: [String: String]
    /// The values of secrets.
    private let secrets: [String: String]
    /// The values of secret inputs.
    private let secretInputs: [String: Value]

    /// Reads what a command line gives.
    init(_ name: String, _ given: GivenOptions, _ session: Session) async throws {
        let workflow = try WorkflowSource(catalog: session.catalog, environment: session.environment).load(name)
        try await self.init(
            workflow, values: try given.fileValues(), texts: try given.texts(), sources: try given.bindings.sources(),
            session)
    }

    /// - Parameters:
    ///   - values: Inputs.
    ///   - texts: Inputs that are still to be read as what they were declared to be; they win.
    ///   - sources: Of secrets and secret inputs; those that are missing are looked for in the environment.
    /// - Throws: All faults of inputs and secrets at once, before a secret is fetched.
    init(
        _ workflow: Workflow, values: [String: Value], texts: [String: String] = [:], sources: [String: String],
        _ session: Session
    ) async throws {
        let definition = workflow.definition
        let secretNames = Set(definition.inputs.lazy.filter(\.secret).map(\.name))
        var sources = sources
        for name in definition.secrets.map(\.name) + secretNames.sorted()
        where sources[name] == nil && values[name] == nil && texts[name] == nil {
            let variable = "RUNNER_SECRET_" + name.uppercased().replacing("-", with: "_")
            if session.environment[variable] != nil { sources[name] = "env:\(variable)" }
        }
        let bound = secretNames.intersection(sources.keys)
        var given = definition
        given.inputs.removeAll { bound.contains($0.name) }
        var resolved: [String: Value] = [:]
        var errors: [DefinitionError] = []
        do throws(DefinitionErrors) {
            try definition.checkSecrets(bound: Set(sources.keys).subtracting(bound))
        } catch { errors += error.errors }
        do throws(DefinitionErrors) {
            resolved = try given.resolveInputs(given: values.merging(try given.coerceInputs(texts)) { $1 })
        } catch { errors += error.errors }
        if !errors.isEmpty { throw DefinitionErrors(errors) }

        let fetched = try await SecretSource(environment: session.environment).fetch(sources)
        given.inputs = definition.inputs.filter { bound.contains($0.name) }
        var secretInputs = try given.resolveInputs(given: given.coerceInputs(fetched.filter { bound.contains($0.key) }))
        for name in secretNames { secretInputs[name] = resolved.removeValue(forKey: name) ?? secretInputs[name] }

        self.workflow = workflow
        self.inputs = resolved
        self.sources = sources
        self.secrets = fetched.filter { !bound.contains($0.key) }
        self.secretInputs = secretInputs
        try requireNoSecret()
    }

    /// Secrets and secret inputs as the journal keeps them: sealed, by name.
    var sealable: [String: String] {
        secrets.merging(
            secretInputs.filter { !$0.value.isNull }.mapValues { $0.stringValue ?? $0.canonicalJSON }
        ) { $1 }
    }

    /// What a run of this would do.
    func plan(_ session: Session) async throws -> Plan {
        let planner = Planner(catalog: session.catalog, time: session.time, dataDirectory: session.home.dataDirectory)
        var plan = try await planner.plan(workflow, inputs: inputs.merging(secretInputs) { $1 }, secrets: sealable)
        plan.inputs = inputs
        return plan
    }

    /// The secret inputs that were given as values: nobody can fetch those again.
    var unboundSecretInputs: [String] {
        let defaults = Dictionary(workflow.definition.inputs.map { ($0.name, $0.default) }) { $1 }
        return secretInputs.filter { sources[$0.key] == nil && $0.value != defaults[$0.key] }.keys.sorted()
    }

    /// Inputs are written to the journal, so a secret must not be part of one.
    private func requireNoSecret() throws {
        // Shorter ones are found in many an innocent text.
        let redactor = Redactor(sealable.values.filter { $0.utf8.count >= 8 })
        let faults = inputs.keys.sorted().filter { redactor.finds(in: inputs[$0] ?? .null) }.map { name in
            DefinitionError(
                .secretExposed, at: nil,
                "input '\(name)' holds the value of a secret, and inputs are written to the journal",
                fix: "leave the secret out of it, or mark the input with 'secret: true' in the workflow")
        }
        if !faults.isEmpty { throw DefinitionErrors(faults) }
    }
}
