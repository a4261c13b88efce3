package import Workflow

/// `tenant.list`: the tenants of the registry.
package struct TenantList: CheckingStepKind {
    package let name = "tenant.list"
    package let summary = "Lists the tenants of the registry, or makes sure that there is none."
    package let parameters = [
        Parameter("names", .array(Tenant.nameSchema), "Only these, each of which has to be there; none: all."),
        Parameter(
            "states", .array(.oneOf("creating", "active", "suspended", "deleting")), default: ["active"],
            "States of those that are listed under `tenants`."),
        Parameter(
            "none", .boolean, default: false, "An error that names them where there are any, in whatever state."),
    ]
    package let outputs = [
        Parameter(
            "tenants", .array(.map(.any)),
            "Those in the states asked for, by name: `name`, `namespace`, `company`, `state`, `charts`."),
        Parameter("names", .array(.string), "Their names."),
        Parameter("others", .array(.string), "The names of tenants in other states, each with its state."),
    ]

    private let registry: any TenantRegistry

    package init(_ registry: any TenantRegistry) {
        self.registry = registry
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let wanted = try input.strings("names")
        let states = try input.strings("states")
        let all = try await registry.tenants().filter(\.exists)
        if let name = wanted.first(where: { name in !all.contains { $0.name == name } }) {
            throw StepError(
                .permanent, "there is no such tenant", object: "tenant \(name)", remedy: "see 'runner tenant list'")
        }
        if try input.flag("none"), !all.isEmpty {
            let names = all.map { "\($0.name) (\($0.state.rawValue))" }.joined(separator: ", ")
            throw StepError(
                .conflict, "there are tenants: \(names)", object: "registry of tenants",
                remedy: "remove them first; see 'runner tenant list'")
        }
        let meant = all.filter { wanted.isEmpty || wanted.contains($0.name) }
        let listed = meant.filter { states.contains($0.state.rawValue) }
        return StepOutput([
            "tenants": .array(
                listed.map {
                    [
                        "name": .string($0.name), "namespace": .string($0.namespace ?? $0.name),
                        "company": $0.company.map { .string($0) } ?? .null, "state": .string($0.state.rawValue),
                        "charts": .object($0.charts.mapValues { .string($0) }),
                    ]
                }),
            "names": .array(listed.map { .string($0.name) }),
            "others": .array(
                meant.filter { !states.contains($0.state.rawValue) }.map {
                    .string("\($0.name) (\($0.state.rawValue))")
                }),
        ])
    }
}
