package import Workflow

/// `clearml.company-settings`: what a tenant may use: features, limits.
///
/// Only what is given is compared and set. What was set before is kept for a rollback; whether the server replaces or merges
/// lists is not published, so what it holds is read again after the change.
package struct ClearMLCompanySettings: StepKind {
    package let name = "clearml.company-settings"
    package let summary = "Sets the features and limits of a tenant."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("company", ClearMLParameters.id, required: true, "Id of the company."),
            Parameter("features", .array(.string), "Features that it has besides those of the server."),
            Parameter("exclude_features", .array(.string), "Features that it has not."),
            Parameter("allowed_users", .integer(1...1_000_000), "Most users that it may have."),
            Parameter("allowed_service_users", .integer(0...1_000_000), "Most service accounts that it may have."),
            Parameter("max_running_apps", .integer(0...1_000_000), "Applications that it may run at once."),
            Parameter("feature_set", .oneOf("basic", "advanced"), "Which of the server's sets of features it has."),
            Parameter(
                "more", .map(.any), default: [:], "Further arguments of the server's `system.update_company_settings`."),
        ]
    package let outputs = [
        Parameter("company", .string, "Id of the company."),
        Parameter("settings", .map(.any), "What was given, as it was set."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let wanted = try Self.wanted(input)
            let live = try await read(input, mustExist: true)
            let changed = wanted.filter { !Self.isSame(live[$0.key], $0.value) }
            guard !changed.isEmpty else { return .present(try Self.output(wanted, input)) }
            let unset = wanted.mapValues { _ in Value.null }
            let before = unset.merging(live.filter { wanted[$0.key] != nil }) { $1 }
            return .differs(
                changed.sorted { $0.key < $1.key }.map { Change($0.key, from: live[$0.key], to: $0.value) },
                prior: .object(before))
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let wanted = try Self.wanted(input)
            try await write(wanted, input)
            let live = try await read(input, mustExist: true)
            for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
                guard let held = live[name] else {
                    context.log(.note, "the server does not show '\(name)', so it cannot be checked")
                    continue
                }
                guard Self.isSame(held, value) else {
                    throw StepError(
                        .permanent,
                        "'\(name)' was set to \(value.canonicalJSON), and the server holds "
                            + held.canonicalJSON, object: "company \(try input.string("company"))",
                        remedy: "look at this company's settings; a server that merges lists wants the whole list")
                }
            }
            return try Self.output(wanted, input)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            guard let before = prior?.objectValue else { return [] }
            let wanted = try Self.wanted(input)
            let live = try await read(input, mustExist: false)
            var restored: [String: Value] = [:]
            var left: [String] = []
            for (name, old) in before.sorted(by: { $0.key < $1.key }) {
                guard let held = live[name], !Self.isSame(held, old) else { continue }
                guard Self.isSame(held, wanted[name] ?? .null) else {
                    left.append("'\(name)' stays \(held.canonicalJSON): somebody else has changed it since")
                    continue
                }
                if !old.isNull {
                    restored[name] = old
                } else if held.arrayValue != nil {
                    restored[name] = []
                } else {
                    left.append("'\(name)' stays \(held.canonicalJSON): it was not set, and the server cannot unset it")
                }
            }
            if !restored.isEmpty { try await write(restored, input) }
            return left
        }
    }

    private static let named = [
        "features", "exclude_features", "allowed_users", "allowed_service_users", "max_running_apps", "feature_set",
    ]

    private static func wanted(_ input: StepInput) throws(StepError) -> [String: Value] {
        var wanted = try input.object("more")
        for name in named { if let value = input[name] { wanted[name] = value } }
        guard wanted["company"] == nil else {
            throw StepError(.permanent, "'more' names a company", object: "more", remedy: "leave it to 'company'")
        }
        for list in ["features", "exclude_features"] {
            for name in try input.strings(list) where ClearMLFeature.named(name) == nil {
                let near = ClearMLFeature.suggestions(for: name)
                throw StepError(
                    .permanent, "there is no feature '\(name)'", object: list,
                    remedy: near.isEmpty ? "see the list of features" : "perhaps \(near.joined(separator: " or "))")
            }
        }
        return wanted
    }

    /// What the server holds; empty where the company is gone.
    private func read(_ input: StepInput, mustExist: Bool) async throws -> [String: Value] {
        let directory = CompanyDirectory(client: try ClearMLParameters.client(input, transport))
        let id = try CompanyID(input, "company")
        try await directory.requireTenant(id)
        if let (company, settings) = try await directory.find(id), company.isActive { return settings }
        guard mustExist else { return [:] }
        throw StepError(
            .permanent, "there is no such company (any more)", object: "company \(id.text)", remedy: "correct 'company'"
        )
    }

    private func write(_ settings: [String: Value], _ input: StepInput) async throws {
        let client = try ClearMLParameters.client(input, transport)
        let company: Value = .string(try input.string("company"))
        _ = try await client.change(
            "system.update_company_settings", .object(settings.merging(["company": company]) { $1 }))
    }

    /// Lists are sets; a server may hold a number as a text.
    private static func isSame(_ one: Value?, _ other: Value) -> Bool {
        guard let one else { return false }
        if let elements = one.arrayValue, let others = other.arrayValue { return Set(elements) == Set(others) }
        if let number = other.integerValue { return one == other || one.stringValue == String(number) }
        return one == other
    }

    private static func output(_ wanted: [String: Value], _ input: StepInput) throws(StepError) -> StepOutput {
        StepOutput(["company": .string(try input.string("company")), "settings": .object(wanted)])
    }
}
