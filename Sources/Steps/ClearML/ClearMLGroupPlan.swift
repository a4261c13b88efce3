package import Workflow

/// Groups and features of the whole server, as the workflow asks for them: checked, with every fault told at once.
///
/// What a user can do is the union of the features of all groups that the user is in, and everybody is in `users`: the
/// features of `users` are what nobody can be without, and a group can only add to them.
package struct ClearMLGroupPlan: Hashable, Sendable {
    /// A group that all tenants have.
    package struct Group: Hashable, Sendable {
        package var name: String
        package var displayName: String
        package var features: [String]
        package var assignable: Bool
        /// Given where the group has an id already; nil: one is made.
        package var id: String?
    }

    /// The groups that every installation has by itself.
    package static let builtIn = ["users", "admins", "queue_admins"]

    package let groups: [Group]
    /// Features of the built-in groups that are set at all; the server's own ones stay where a group is missing here.
    package let builtInFeatures: [String: [String]]
    /// Features that are switched on for the whole server, so that tenants and groups can have them.
    package let serverFeatures: [String]
    /// What is allowed, and may surprise.
    package let notes: [String]

    static let parameters = [
        Parameter(
            "groups",
            .array(
                .object([
                    Parameter(
                        "name", .string, required: true, "Lower-case letters, digits and single `_`; fixed for good."),
                    Parameter("display_name", .string, "Name that people see; none: the name."),
                    Parameter(
                        "features", .array(.string), required: true, "What members get, besides what `users` have."),
                    Parameter("assignable", .boolean, default: false, "Whether tenants' admins can add users to it."),
                    Parameter("id", .string(.uuid), "Id of a group that exists already; none: made once and kept."),
                ])),
            default: [], "Groups that every tenant has."),
        Parameter(
            "users_features", .array(.string),
            "Features of everybody; an empty list for none. Left out: everybody has all features of the tenant."),
        Parameter("admins_features", .array(.string), "Features of the group `admins`; left out: the server's own."),
        Parameter(
            "queue_admins_features", .array(.string),
            "Features of the group `queue_admins`; left out: the server's own."),
        Parameter("server_features", .array(.string), default: [], "Features switched on for the whole server."),
        Parameter(
            "server_version", .string,
            "Version of the API server, such as its image's tag: features that it lacks are refused. None: not checked."
        ),
    ]

    package init(_ input: StepInput) throws(StepError) {
        var check = Check(version: try input.optionalString("server_version").flatMap(ClearMLServerVersion.init))
        var groups: [Group] = []
        for element in input["groups"]?.arrayValue ?? [] {
            let group = StepInput(element.objectValue ?? [:])
            let name = try group.string("name")
            check.group(name, among: groups)
            groups.append(
                Group(
                    name: name, displayName: try group.optionalString("display_name") ?? name,
                    features: check.features(try group.strings("features"), of: "group '\(name)'"),
                    assignable: try group.flag("assignable"), id: try group.optionalString("id")?.lowercased()))
        }
        var builtIn: [String: [String]] = [:]
        for name in Self.builtIn where input["\(name)_features"] != nil {
            builtIn[name] = check.features(try input.strings("\(name)_features"), of: "'\(name)_features'")
        }
        serverFeatures = check.features(try input.strings("server_features"), of: "'server_features'")
        let ids = groups.compactMap(\.id)
        if Set(ids).count < ids.count { check.faults.append("two groups have the same id: give each its own, or none") }
        guard check.faults.isEmpty else {
            throw StepError(
                .permanent, check.faults.joined(separator: "\n"), object: "groups and features",
                remedy: "correct the groups and features of the inputs; features are \(Self.names)")
        }
        self.groups = groups
        builtInFeatures = builtIn
        notes = check.notes + Self.notes(groups, users: builtIn["users"])
    }

    /// The groups' entries for a container's `env`.
    ///
    /// - Parameter ids: The id of each group, by name.
    package func environment(ids: [String: String]) -> [Value] {
        var settings: [(path: String, value: Value)] = []
        for feature in serverFeatures { settings.append(("services.organization.features.\(feature)", true)) }
        for (name, features) in builtInFeatures.sorted(by: { $0.key < $1.key }) {
            settings.append(("services.auth.default_groups.\(name).features", .array(features.map { .string($0) })))
        }
        for group in groups {
            let path = "services.auth.default_groups.\(group.name)"
            settings.append(("\(path).id", ids[group.name].map { .string($0) } ?? .null))
            settings.append(("\(path).name", .string(group.displayName)))
            settings.append(("\(path).features", .array(group.features.map { .string($0) })))
            settings.append(("\(path).assignable", .bool(group.assignable)))
            settings.append(("\(path).system", false))
        }
        return settings.compactMap { path, value in
            guard let name = ServerVariable.name(of: path), let text = HOCON.text(of: value) else { return nil }
            return ServerVariable.entry(name, text)
        }
    }

    private static var names: String { ClearMLFeature.all.map(\.name).joined(separator: ", ") }

    private static func notes(_ groups: [Group], users: [String]?) -> [String] {
        guard let users else {
            return groups.isEmpty
                ? []
                : ["'users_features' is not set: everybody has all features of the tenant, so the groups add nothing"]
        }
        return groups.filter { Set($0.features).isSubset(of: users) }
            .map { "group '\($0.name)' adds nothing: 'users_features' has all its features, and features add up" }
    }

    /// Collects what is wrong, and what is only worth saying.
    private struct Check {
        let version: ClearMLServerVersion?
        var faults: [String] = []
        var notes: [String] = []

        mutating func group(_ name: String, among others: [Group]) {
            if !ServerVariable.isPart(name[...]) {
                let better = name.lowercased().replacing(/[^a-z0-9]+/, with: "_").trimming("_")
                faults.append(
                    "group '\(name)': the server lower-cases the names of groups and takes '__' for a separator: write '\(better)', and '\(name)' as its display_name"
                )
            } else if builtIn.contains(name) {
                faults.append("group '\(name)' is built in: set '\(name)_features' instead")
            } else if others.contains(where: { $0.name == name }) {
                faults.append("group '\(name)' is there twice")
            }
        }

        /// The features, each once, in the order given.
        mutating func features(_ names: [String], of place: String) -> [String] {
            var seen: Set<String> = []
            let features = names.filter { seen.insert($0).inserted }
            for name in features {
                guard let feature = ClearMLFeature.named(name) else {
                    let near = ClearMLFeature.suggestions(for: name)
                    let hint = near.isEmpty ? "" : ", perhaps \(near.joined(separator: " or "))"
                    faults.append("\(place): there is no feature '\(name)'\(hint)")
                    continue
                }
                if let version, !version.has(feature), case .server(let major, let minor) = feature.since {
                    faults.append(
                        "\(place): '\(name)' needs an API server of version \(major).\(minor) or newer, and this one is \(version)"
                    )
                }
                if feature.since == .newer {
                    notes.append("\(place): '\(name)' is known from newer servers only; an older one ignores it")
                }
                if feature.isIgnored { notes.append("\(place): '\(name)' has no effect any more: every user has it") }
            }
            return features
        }
    }
}

extension String {
    fileprivate func trimming(_ character: Character) -> String {
        String(drop { $0 == character }.reversed().drop { $0 == character }.reversed())
    }
}
