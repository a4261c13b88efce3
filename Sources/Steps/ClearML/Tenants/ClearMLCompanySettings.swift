package import Workflow

/// `clearml.company-settings`: what a tenant may use: features, limits.
///
/// Only what is given is compared and set, and what was given before and is not any more is taken away; all else on the server
/// is somebody else's. What was set before is kept for a rollback. Whether the server replaces or merges lists, and whether a
/// `null` takes a limit away, is not published, so what it holds is read again after the change.
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
            Parameter(
                "formerly", .map(.any), default: [:],
                "The settings that it was brought to before: those that are not given any more are taken away. Nulls were "
                    + "never given."),
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
            let live = try await read(input)
            let changed = wanted.filter { !Self.isSame(live[$0.key], $0.value) }
            guard !changed.isEmpty else { return .present(try Self.output(wanted, input)) }
            let unset = wanted.mapValues { _ in Value.null }
            let before = unset.merging(live.filter { wanted[$0.key] != nil }) { $1 }
            return .differs(
                changed.sorted { $0.key < $1.key }.map { Change($0.key, from: live[$0.key], to: $0.value.unlessNull) },
                prior: .object(before))
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let wanted = try Self.wanted(input)
            try await write(wanted, over: try await read(input), input, context)
            let live = try await read(input)
            for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
                guard let held = live[name] else {
                    guard !value.isNull else { continue }
                    context.log(.note, "the server does not show '\(name)', so it cannot be checked")
                    continue
                }
                guard !Self.isSame(held, value) else { continue }
                let object = "company \(try input.string("company"))"
                if value.isNull {
                    throw StepError(
                        .permanent,
                        "'\(name)' is not wanted any more, and the server keeps it at \(held.canonicalJSON): it cannot be "
                            + "taken away", object: object, remedy: "give it a value, such as a high limit")
                }
                throw StepError(
                    .permanent,
                    "'\(name)' was set to \(value.canonicalJSON), and the server holds \(held.canonicalJSON)",
                    object: object,
                    remedy: "look at this company's settings; a server that merges lists wants the whole list")
            }
            return try Self.output(wanted, input)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            guard let before = prior?.objectValue, let live = try await find(input) else { return [] }
            let wanted = try Self.wanted(input)
            var left: [String] = []
            var restored: [String: Value] = [:]
            for (name, old) in before.sorted(by: { $0.key < $1.key }) where !Self.isSame(live[name], old) {
                if Self.isSame(live[name], wanted[name] ?? .null) {
                    restored[name] = old
                } else {
                    let held = live[name]?.unlessNull?.canonicalJSON ?? "unset"
                    left.append("'\(name)' stays \(held): somebody else has changed it since")
                }
            }
            guard !restored.isEmpty else { return left }
            try await write(restored, over: live, input, context)
            let after = try await find(input) ?? [:]
            for (name, old) in restored.sorted(by: { $0.key < $1.key }) where old.isNull {
                guard let held = after[name], !Self.isSame(held, old) else { continue }
                left.append("'\(name)' stays \(held.canonicalJSON): it was not set, and the server cannot take it away")
            }
            return left
        }
    }

    private static let named = [
        "features", "exclude_features", "allowed_users", "allowed_service_users", "max_running_apps", "feature_set",
    ]

    /// What is given, and null for what is to be taken away.
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
        for (name, value) in try input.object("formerly") where wanted[name] == nil && !value.isNull {
            wanted[name] = .null
        }
        return wanted
    }

    private func read(_ input: StepInput) async throws -> [String: Value] {
        if let settings = try await find(input) { return settings }
        throw StepError(
            .permanent, "there is no such company (any more)", object: "company \(try input.string("company"))",
            remedy: "correct 'company'")
    }

    /// What the server holds; nil where the company is gone.
    private func find(_ input: StepInput) async throws -> [String: Value]? {
        let directory = CompanyDirectory(client: try ClearMLParameters.client(input, transport))
        let id = try CompanyID(input, "company")
        try await directory.requireTenant(id)
        guard let (company, settings) = try await directory.find(id), company.isActive else { return nil }
        return settings
    }

    /// - Parameters:
    ///   - settings: Those that are null are taken away.
    ///   - live: What the server holds: a list is taken away by an empty one.
    private func write(
        _ settings: [String: Value], over live: [String: Value], _ input: StepInput, _ context: StepContext
    ) async throws {
        let client = try ClearMLParameters.client(input, transport)
        let company: Value = .string(try input.string("company"))
        func send(_ settings: [String: Value]) async throws(ClearMLFailure) {
            _ = try await client.change(
                "system.update_company_settings", .object(settings.merging(["company": company]) { $1 }))
        }
        var given = settings
        var taken: [String: Value] = [:]
        for (name, value) in settings where value.isNull {
            given[name] = live[name]?.arrayValue == nil ? nil : []
            if !Self.isSame(live[name], .null), given[name] == nil { taken[name] = .null }
        }
        if !given.isEmpty { try await send(given) }
        guard !taken.isEmpty else { return }
        do throws(ClearMLFailure) {
            try await send(taken)
        } catch {
            // A server that takes no null says so; what it still holds is read again, and told.
            guard case .refused(400, _) = error.cause else { throw error }
            context.log(.note, error.message)
        }
    }

    /// Lists are sets; a server may hold a number as a text, and an empty list for none.
    private static func isSame(_ one: Value?, _ other: Value) -> Bool {
        let one = one ?? .null
        if isUnset(one), isUnset(other) { return true }
        if let elements = one.arrayValue, let others = other.arrayValue { return Set(elements) == Set(others) }
        if let number = other.integerValue { return one == other || one.stringValue == String(number) }
        return one == other
    }

    private static func isUnset(_ value: Value) -> Bool { value.isNull || value.arrayValue?.isEmpty == true }

    private static func output(_ wanted: [String: Value], _ input: StepInput) throws(StepError) -> StepOutput {
        StepOutput([
            "company": .string(try input.string("company")), "settings": .object(wanted.filter { !$0.value.isNull }),
        ])
    }
}

extension Value {
    fileprivate var unlessNull: Value? { isNull ? .none : self }
}
