import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLCompanySettingsTests {
    @Test("settings are set once, and those before come back", arguments: ["lose-reply", "failure", "none"])
    func settings(fault: String) async throws {
        let server = try await StandInServer()
        let (id, _) = try await server.makeTenant()
        _ = try await server.client.change(
            "system.update_company_settings",
            ["company": .string(id), "features": ["reports"], "allowed_users": 3, "feature_set": "basic"])
        if fault != "none" { try await server.fault("system.update_company_settings", fault) }
        let bench = try RunBench(server)
        let step =
            "settings: clearml.company-settings { company: \(id), features: [pipelines, applications], "
            + "exclude_features: [reports], allowed_users: 10, max_running_apps: 2 }"
        let ended = try await bench.run(step)
        #expect(ended.status == .succeeded)
        func held() async throws -> Value? { try await server.tenants().first?["settings"] }
        #expect(
            try await held() == [
                "features": ["pipelines", "applications"], "exclude_features": ["reports"], "allowed_users": 10,
                "max_running_apps": 2, "feature_set": "basic",
            ])
        let calls = try await server.calls("system.update_company_settings")
        #expect(try await bench.run(step, as: "r2").status == .succeeded)
        #expect(try await server.calls("system.update_company_settings") == calls)
        let back = try await bench.rollback()
        #expect(back.status == .rolledBack && back.left("settings") == [])
        #expect(
            try await held() == [
                "features": ["reports"], "exclude_features": [], "allowed_users": 3, "feature_set": "basic",
            ])
    }

    /// A tenant that was brought to two limits and a list, on a server with one more that is somebody else's.
    private func limited(_ server: StandInServer) async throws -> String {
        let (id, _) = try await server.makeTenant()
        let given: [String: Value] = ["features": ["reports"], "allowed_users": 3, "max_running_apps": 2]
        let others: [String: Value] = ["company": .string(id), "allowed_service_users": 7]
        _ = try await server.client.change(
            "system.update_company_settings", .object(given.merging(others) { $1 }))
        return id
    }

    /// What that tenant was brought to, of which one limit is still wanted; null: never given.
    private static let less =
        "allowed_users: 5, formerly: { features: [reports], allowed_users: 3, max_running_apps: 2, "
        + "exclude_features: null }"

    @Test(
        "what is not given any more is taken away and comes back; what others have set stays",
        arguments: ["lose-reply", "failure", "none"])
    func takenAway(fault: String) async throws {
        let server = try await StandInServer()
        let id = try await limited(server)
        func held() async throws -> Value? { try await server.tenants().first?["settings"] }
        let before = try await held()
        if fault != "none" { try await server.fault("system.update_company_settings", fault) }
        let bench = try RunBench(server)
        let step = "settings: clearml.company-settings { company: \(id), \(Self.less) }"
        let ended = try await bench.run(step)
        #expect(ended.status == .succeeded)
        #expect(ended.steps["settings"]?.output?["settings"] == ["allowed_users": 5])
        #expect(try await held() == ["features": [], "allowed_users": 5, "allowed_service_users": 7])
        let calls = try await server.calls("system.update_company_settings")
        #expect(try await bench.run(step, as: "r2").status == .succeeded)
        #expect(try await server.calls("system.update_company_settings") == calls, "once is enough")
        #expect(try await bench.rollback().left("settings") == [])
        #expect(try await held() == before)
    }

    @Test("an observation shows what would be taken away, and not what nobody has given")
    func seenBefore() async throws {
        let server = try await StandInServer()
        let id = try await limited(server)
        let probe = try StepProbe(
            ClearMLCompanySettings(try .forTests()),
            [
                "url": .string(server.url), "key": .string(StandInServer.supervisor.key),
                "secret": .string(StandInServer.supervisor.secret), "company": .string(id), "allowed_users": 3,
                "formerly": ["allowed_users": 1, "features": ["reports"], "max_running_apps": 2],
            ])
        guard case .differs(let changes, let prior) = try await probe.observe() else {
            Issue.record("nothing would be changed")
            return
        }
        #expect(changes == [Change("features", from: ["reports"]), Change("max_running_apps", from: 2)])
        #expect(prior == ["features": ["reports"], "max_running_apps": 2, "allowed_users": 3])
    }

    @Test(
        "a server that keeps a limit is not taken at its word: the step fails and says so",
        arguments: ["ignored", "refused"])
    func kept(nulls: String) async throws {
        let server = try await StandInServer("--null-settings", nulls)
        let id = try await limited(server)
        let bench = try RunBench(server)
        let ended = try await bench.run("settings: clearml.company-settings { company: \(id), \(Self.less) }")
        let failure = try #require(ended.failure("settings"))
        #expect(failure.kind == .permanent && failure.message.contains("'max_running_apps'"), "\(failure)")
        #expect(failure.message.contains("keeps it at 2") && failure.remedy?.contains("give it a value") == true)

        // Nor by a rollback, where it was not set before.
        let (fresh, _) = try await server.makeTenant("globex", email: "bob@globex.org")
        try await bench.run(
            "settings: clearml.company-settings { company: \(fresh), features: [reports], allowed_users: 4 }", as: "r2")
        let back = try await bench.rollback("r2")
        #expect(back.status == .rolledBack)
        #expect(back.left("settings").map { $0.hasPrefix("'allowed_users' stays 4: it was not set") } == [true])
        let settings = try await server.tenants().first { $0["id"]?.stringValue == fresh }?["settings"]
        #expect(settings == ["features": [], "allowed_users": 4])
    }

    @Test("settings that somebody else has changed since stay, and that is said; a company that is gone has none")
    func settingsChangedSince() async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let id = try await limited(server)
        let bench = try RunBench(server)
        try await bench.run("settings: clearml.company-settings { company: \(id), \(Self.less) }")
        try await bench.run(
            "settings: clearml.company-settings { company: \(id), exclude_features: [reports] }", as: "r2")
        _ = try await server.client.change(
            "system.update_company_settings", ["company": .string(id), "max_running_apps": 9])
        let back = try await bench.rollback()
        #expect(back.left("settings").map { $0.contains("'max_running_apps' stays 9") } == [true])
        #expect(
            try await server.tenants().first?["settings"] == [
                "features": ["reports"], "allowed_users": 3, "max_running_apps": 9, "allowed_service_users": 7,
                "exclude_features": ["reports"],
            ])
        _ = try await server.client.change("tenants.delete_tenant", ["tenant": .string(id), "name": "acme"])
        #expect(try await bench.rollback("r2").left("settings") == [])
    }

    @Test("a feature that there is not is refused, with the nearest one")
    func feature() async throws {
        let server = try await StandInServer()
        let (id, _) = try await server.makeTenant()
        let ended = try await RunBench(server).run(
            "settings: clearml.company-settings { company: \(id), features: [pipeline] }")
        #expect(ended.failure("settings")?.remedy == "perhaps pipelines")
        #expect(try await server.calls("system.update_company_settings") == 0)
    }
}
