package import Workflow

/// `tenants.yaml`: the tenants that are wanted.
///
/// A tenant's keys are the inputs of the workflow that makes tenants, and are checked like those: the file needs no
/// language of its own.
package struct FleetFile: Sendable {
    /// The workflows that make, change and delete a tenant: names of shipped ones, or paths.
    package struct Workflows: Hashable, Sendable {
        package var create = "tenant-create"
        package var update = "tenant-update"
        package var delete = "tenant-delete"

        package init() {}
    }

    package let workflows: Workflows
    private let text: LocatedValue
    /// The input that a tenant's own name is given as.
    package static let nameInput = "name"

    /// - Parameter file: What messages name as the place.
    /// - Throws: Every fault of the file, but those of the tenants' inputs.
    package init(yaml: String, file: String) throws(DefinitionErrors) {
        let text = try LocatedValue(yaml: yaml, file: file)
        var faults = text.faults(Self.schema)
        for name in text.keys(at: "tenants") where !Tenant.nameSchema.check(.string(name), at: "").isEmpty {
            faults.append(
                DefinitionError(
                    .invalidValue, at: text.location(of: "tenants", name), "'\(name.prefix(80))' cannot name a tenant",
                    fix: "use small letters, digits and '-', 63 at most, with a letter or digit at both ends"))
        }
        guard faults.isEmpty else { throw DefinitionErrors(faults) }
        func named(_ key: String) -> String? { text.value["workflows"]?[key]?.stringValue }
        var workflows = Workflows()
        workflows.create = named("create") ?? workflows.create
        workflows.update = named("update") ?? workflows.update
        workflows.delete = named("delete") ?? workflows.delete
        self.workflows = workflows
        self.text = text
    }

    private static let schema = Schema.object([
        Parameter(
            "workflows",
            .object([
                Parameter("create", .string, "Makes a tenant."), Parameter("update", .string, "Changes one."),
                Parameter("delete", .string, "Deletes one."),
            ]), "The workflows to use in place of the shipped ones."),
        Parameter("defaults", .map(.any), "Inputs of all tenants that do not give their own."),
        Parameter("tenants", .map(.map(.any)), required: true, "The inputs of each tenant, by its name."),
    ])

    /// The tenants in the order of the file, with all their inputs but secret ones.
    ///
    /// - Parameter definition: Of the workflow that makes a tenant.
    /// - Throws: Every fault at once, at its place.
    package func tenants(_ definition: WorkflowDefinition) throws(DefinitionErrors) -> [WantedTenant] {
        var open = definition
        open.inputs.removeAll(where: \.secret)
        guard open.inputs.contains(where: { $0.name == Self.nameInput }) else {
            throw DefinitionErrors([
                DefinitionError(
                    .missingInput, at: text.location(of: "workflows", "create"),
                    "workflow '\(definition.name)' has no input '\(Self.nameInput)', and so cannot make tenants",
                    fix: "declare it there, or name another workflow")
            ])
        }
        let inputs = Schema.object(
            open.inputs.filter { $0.name != Self.nameInput }.map { Parameter($0.name, $0.schema, $0.description ?? "") }
        )
        var faults = text.faults(
            .object([
                Parameter("workflows", .any, ""), Parameter("defaults", inputs, ""),
                Parameter("tenants", .map(inputs), ""),
            ]))
        guard faults.isEmpty else { throw DefinitionErrors(faults.map { explainingSecrets($0, definition) }) }
        var tenants: [WantedTenant] = []
        for name in text.keys(at: "tenants") {
            var given = text.value["defaults"]?.objectValue ?? [:]
            given.merge(text.value["tenants"]?[name]?.objectValue ?? [:]) { $1 }
            given[Self.nameInput] = .string(name)
            do throws(DefinitionErrors) {
                tenants.append(WantedTenant(name: name, inputs: try open.resolveInputs(given: given)))
            } catch {
                faults += error.errors.map { fault in
                    DefinitionError(
                        fault.code, at: text.location(of: "tenants", name), "tenant '\(name)': \(fault.message)",
                        fix: "add it to the tenant, or under 'defaults' for all")
                }
            }
        }
        var claims = FleetClaims()
        for tenant in tenants {
            faults += claims.enter(tenant).map { what, value, owner in
                DefinitionError(
                    .invalidValue, at: text.location(of: "tenants", tenant.name),
                    "tenant '\(tenant.name)': \(what) '\(value)' is that of tenant '\(owner)'",
                    fix: "give each its own")
            }
        }
        guard faults.isEmpty else { throw DefinitionErrors(faults) }
        return tenants
    }

    /// A secret input is no key of the file, and what to do instead is not to write it otherwise.
    private func explainingSecrets(_ fault: DefinitionError, _ definition: WorkflowDefinition) -> DefinitionError {
        let secret = definition.inputs.first { $0.secret && fault.message.contains(".\($0.name)'") }
        guard fault.code == .unknownKey, let secret else { return fault }
        return DefinitionError(
            .secretExposed, at: fault.location, "'\(secret.name)' is a secret, and this file is not kept like one",
            fix: "remove it, and bind it with --secret \(secret.name)=env:VARIABLE, or file:PATH")
    }
}

/// A tenant as the file wants it.
package struct WantedTenant: Hashable, Sendable {
    package let name: String
    /// With the workflow's defaults.
    package let inputs: [String: Value]

    package init(name: String, inputs: [String: Value]) {
        self.name = name
        self.inputs = inputs
    }
}
