/// A feature of the ClearML server that groups and tenants can have.
///
/// The names are those of the product's guide to groups; what came after it is marked with the version that is known to
/// have it.
package struct ClearMLFeature: Hashable, Sendable {
    package enum Since: Hashable, Sendable {
        /// Every version that the charts of the guide install.
        case always
        /// The first version of the API server that knows it.
        case server(major: Int, minor: Int)
        /// Not in the guide, and seen in newer servers; since when is not published.
        case newer
    }

    package let name: String
    package let since: Since
    /// Set where the server no longer looks at it: every user has it.
    package let isIgnored: Bool

    private init(_ name: String, since: Since = .always, isIgnored: Bool = false) {
        self.name = name
        self.since = since
        self.isIgnored = isIgnored
    }

    package static let all = [
        ClearMLFeature("app_management"), ClearMLFeature("applications"), ClearMLFeature("config_vault"),
        ClearMLFeature("data_management"), ClearMLFeature("experiments", isIgnored: true),
        ClearMLFeature("model_serving"), ClearMLFeature("permissions"), ClearMLFeature("pipelines"),
        ClearMLFeature("project_workloads", since: .newer), ClearMLFeature("queue_management"),
        ClearMLFeature("queues", isIgnored: true), ClearMLFeature("reports"), ClearMLFeature("resource_dashboard"),
        ClearMLFeature("resource_policy"), ClearMLFeature("service_users"),
        ClearMLFeature("show_app_gateways", since: .newer), ClearMLFeature("show_dashboard"),
        ClearMLFeature("show_datasets", since: .server(major: 3, minor: 25)), ClearMLFeature("show_model_view"),
        ClearMLFeature("show_orchestration", since: .server(major: 3, minor: 25)), ClearMLFeature("show_projects"),
        ClearMLFeature("sso_management"), ClearMLFeature("tenant_usages", since: .newer),
        ClearMLFeature("user_management"), ClearMLFeature("user_management_advanced"),
    ]

    package static func named(_ name: String) -> ClearMLFeature? { all.first { $0.name == name } }

    /// The names that are nearest to a wrong one, best first; empty where none is near.
    package static func suggestions(for name: String) -> [String] {
        let wanted = Set(name.lowercased().split(whereSeparator: { !$0.isLetter }))
        return all.map(\.name)
            .filter { $0.contains(name.lowercased()) || !wanted.isDisjoint(with: $0.split(separator: "_")) }
    }
}

/// The version of a ClearML API server as its image tags spell it: `3.21.6-1443`.
package struct ClearMLServerVersion: Hashable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init?(_ text: String) {
        guard let match = text.prefixMatch(of: /(\d+)\.(\d+)/), let major = Int(match.1), let minor = Int(match.2)
        else {
            return nil
        }
        self.major = major
        self.minor = minor
    }

    package func has(_ feature: ClearMLFeature) -> Bool {
        switch feature.since {
        case .always, .newer: true
        case .server(let major, let minor): (self.major, self.minor) >= (major, minor)
        }
    }

    package var description: String { "\(major).\(minor)" }
}
