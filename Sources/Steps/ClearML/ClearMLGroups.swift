package import Workflow

/// `clearml.groups`: the groups and features of the whole server, as environment entries for its chart.
///
/// Members are tied to a group's id, so an id that has been made once is kept for good, in the cluster: also where the group
/// is taken out of the list and comes back.
package struct ClearMLGroups: StepKind {
    package let name = "clearml.groups"
    package let summary =
        "Checks groups and server features, keeps the groups' ids, and gives the server's environment entries."
    package let reverting = Reverting.automatic
    package let parameters = ClearMLGroupPlan.parameters + KeptConfigMap.parameters(default: "runner-clearml-groups")
    package let outputs = [
        Parameter("env", .array(.any), "The entries `{name, value}`, for `extraEnvs` of the chart's apiserver."),
        Parameter("ids", .map(.string), "The id of each group, by name."),
    ]

    private let access: ClusterAccess
    private let randomBytes: @Sendable (Int) -> [UInt8]

    /// - Parameter randomBytes: Gives so many random bytes.
    package init(_ access: ClusterAccess, randomBytes: @escaping @Sendable (Int) -> [UInt8]) {
        self.access = access
        self.randomBytes = randomBytes
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let plan = try ClearMLGroupPlan(input)
        let kept = try KeptConfigMap(input, access)
        let live = try await kept.read()
        let wanted = try ids(of: plan, kept: live ?? [:], in: kept) { _ in nil }
        // Without groups there is nothing to keep.
        guard wanted.count < plan.groups.count || wanted.contains(where: { live?[$0.key] != $0.value }) else {
            for note in plan.notes { context.log(.note, note) }
            return .present(Self.output(plan, wanted))
        }
        let prior = try await kept.prior(live)
        guard live != nil else { return .absent(prior: prior) }
        let changes = plan.groups.filter { live?[$0.name] == nil }.map { group in
            Change("\(kept.description) data.\(group.name)", to: .string(group.id ?? "a new id"))
        }
        return .differs(changes, prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let plan = try ClearMLGroupPlan(input)
        for note in plan.notes { context.log(.note, note) }
        let kept = try KeptConfigMap(input, access)
        let live = try await kept.read() ?? [:]
        let made = GeneratedValue(.uuid)
        let wanted = try ids(of: plan, kept: live, in: kept) { _ in made.generate(randomBytes) }
        if !wanted.isEmpty { try await kept.write(live.merging(wanted) { $1 }) }
        return Self.output(plan, wanted)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await KeptConfigMap(input, access).restore(prior)
    }

    /// The id of each group: as given, else as kept, else as made; left out where `make` gives none.
    private func ids(
        of plan: ClearMLGroupPlan, kept: [String: String], in place: KeptConfigMap, make: (String) -> String?
    ) throws(StepError) -> [String: String] {
        var ids: [String: String] = [:]
        for group in plan.groups {
            if let given = group.id, let known = kept[group.name], given != known {
                throw StepError(
                    .conflict, "group '\(group.name)' has the id \(known), and the inputs say \(given)",
                    object: place.description,
                    remedy:
                        "leave the id out to keep the group with its members, or remove the entry to start a new group")
            }
            ids[group.name] = group.id ?? kept[group.name] ?? make(group.name)
        }
        return ids
    }

    private static func output(_ plan: ClearMLGroupPlan, _ ids: [String: String]) -> StepOutput {
        StepOutput([
            "env": .array(plan.environment(ids: ids)), "ids": .object(ids.mapValues { .string($0) }),
        ])
    }
}
