import Foundation
import Steps
import Testing
import Workflow

struct TenantRecordTests {
    private static let secrets: Value = ["agent_key": "KEY-OF-AGENT", "agent_secret": "SECRET-OF-AGENT"]

    @Test("a tenant is written down as it becomes: first that it is made, then all that it has")
    func creation() async throws {
        let world = try TenantWorld()
        try await world.record(["tenant": "acme", "state": "creating"]).take()
        #expect(try await world.registry.tenant("acme")?.state == .creating)
        let active = try world.record([
            "tenant": "acme", "state": "active", "company": "c1", "namespace": "ns",
            "charts": ["clearml-agent": "1.2.3"],
            "settings": ["features": ["a"]], "credentials": Self.secrets,
        ])
        try await active.take()
        #expect(try await active.isPresent())
        let tenant = try #require(try await world.reopened().tenant("acme"))
        #expect(tenant.state == .active)
        #expect(tenant.company == "c1" && tenant.namespace == "ns")
        #expect(tenant.charts == ["clearml-agent": "1.2.3"])
        #expect(tenant.settings == ["features": ["a"]])
        #expect(tenant.madeBy == "r1")
        #expect(try world.registry.open(tenant) == ["agent_key": "KEY-OF-AGENT", "agent_secret": "SECRET-OF-AGENT"])
        // The same run over it again finds all as it should be.
        #expect(try await world.record(run: "r2", ["tenant": "acme", "state": "creating"]).isPresent())
    }

    @Test("what a step does not name is kept, and a change is told without its secrets")
    func update() async throws {
        let world = try TenantWorld()
        try await world.record([
            "tenant": "acme", "state": "active", "company": "c1", "settings": ["a": 1, "b": 2],
            "credentials": Self.secrets,
        ]).take()
        let update = try world.record(
            run: "r2",
            [
                "tenant": "acme", "state": "active", "settings": ["b": 3],
                "credentials": ["agent_secret": "ANOTHER-SECRET"],
            ])
        guard case .differs(let changes, let prior) = try await update.observe() else {
            Issue.record("it has to differ")
            return
        }
        #expect(changes.map(\.path) == ["tenant acme settings.b", "tenant acme credentials.agent_secret"])
        #expect(!String(describing: changes).contains("SECRET"))
        try await update.take()
        let tenant = try #require(try await world.registry.tenant("acme"))
        #expect(tenant.company == "c1" && tenant.settings == ["a": 1, "b": 3])
        #expect(tenant.madeBy == "r1" && tenant.changedBy == "r2")
        #expect(try world.registry.open(tenant)["agent_key"] == "KEY-OF-AGENT")

        #expect(try await update.revert(prior: prior) == [])
        let restored = try #require(try await world.registry.tenant("acme"))
        #expect(restored.settings == ["a": 1, "b": 2] && restored.changedBy == "r1")
        #expect(try world.registry.open(restored)["agent_secret"] == "SECRET-OF-AGENT")
    }

    @Test("a revert of the first record leaves nothing, and one of what was changed since leaves that")
    func reverts() async throws {
        let world = try TenantWorld()
        let step = try world.record(["tenant": "acme", "state": "creating"])
        let prior = try await step.take().prior
        _ = try await step.revert(prior: prior)
        #expect(try await world.registry.tenants() == [])

        _ = try await step.take()
        try await world.record(run: "r2", ["tenant": "acme", "state": "active"]).take()
        #expect(
            try await step.revert(prior: prior) == ["tenant acme: the registry keeps what run r2 has written since"])
        #expect(try await world.registry.tenant("acme")?.state == .active)
    }

    @Test("a deleted tenant keeps no ports and no credentials, and can be made anew")
    func deletion() async throws {
        let world = try TenantWorld()
        try await world.ports(["tenant": "acme"]).take()
        try await world.record(["tenant": "acme", "state": "active", "company": "c1", "credentials": Self.secrets])
            .take()
        try await world.record(run: "r2", ["tenant": "acme", "state": "deleting"]).take()
        let refused = try await world.record(run: "r3", ["tenant": "acme", "state": "creating"]).refusal()
        #expect(refused.kind == .conflict && refused.message.contains("being deleted (run r2)"))
        try await world.record(run: "r2", ["tenant": "acme", "state": "deleted"]).take()
        #expect(try await world.record(run: "r2", ["tenant": "acme", "state": "deleted"]).isPresent())
        #expect(try await world.registry.leases() == [])
        #expect(try await world.registry.tenant("acme")?.sealedCredentials == nil)

        try await world.record(run: "r4", ["tenant": "acme", "state": "creating"]).take()
        let tenant = try #require(try await world.registry.tenant("acme"))
        #expect(tenant.state == .creating && tenant.company == nil && tenant.madeBy == "r4")
    }

    @Test("states that do not follow each other are refused, with what to do")
    func order() async throws {
        let world = try TenantWorld()
        let suspended = try await world.record(["tenant": "acme", "state": "suspended"]).refusal()
        #expect(suspended.message == "it is not made" && suspended.remedy?.contains("tenant create") == true)
        #expect(try await world.record(["tenant": "acme", "state": "deleting"]).isPresent())
        try await world.record(["tenant": "acme", "state": "active"]).take()
        try await world.record(["tenant": "acme", "state": "suspended"]).take()
        try await world.record(["tenant": "acme", "state": "active"]).take()
        #expect(try await world.registry.tenant("acme")?.state == .active)
    }

    @Test("a record without a state keeps the one that the tenant is in, whatever has become of it meanwhile")
    func keepsState() async throws {
        let world = try TenantWorld()
        let record = try world.record(run: "r3", ["tenant": "acme", "charts": ["clearml-agent": "1.2.4"]])
        #expect(try await record.refusal().message == "it is not made")
        try await world.record(["tenant": "acme", "state": "active"]).take()
        guard case .differs(let changes, let prior) = try await record.observe() else {
            Issue.record("it has to differ")
            return
        }
        #expect(changes.map(\.path) == ["tenant acme charts.clearml-agent"])
        // Between the look and the change.
        try await world.record(run: "r2", ["tenant": "acme", "state": "suspended"]).take()
        try await record.take()
        let tenant = try #require(try await world.registry.tenant("acme"))
        #expect(tenant.state == .suspended && tenant.charts == ["clearml-agent": "1.2.4"])
        #expect(prior?["tenant"]?["state"] == "active")
    }

    @Test("no secret is in the database's files, and a copy of the sealed text opens for its own tenant alone")
    func secrecy() async throws {
        let world = try TenantWorld()
        try await world.record(["tenant": "acme", "state": "active", "credentials": Self.secrets]).take()
        for suffix in ["", "-wal"] {
            let bytes = FileManager.default.contents(atPath: world.journal.path + suffix) ?? Data()
            #expect(bytes.range(of: Data("SECRET-OF-AGENT".utf8)) == nil)
            #expect(bytes.range(of: Data("KEY-OF-AGENT".utf8)) == nil)
        }
        let sealed = try #require(try await world.registry.tenant("acme")?.sealedCredentials)
        var other = Tenant("other", .active, by: "r1", at: Timestamp(milliseconds: 0))
        other.sealedCredentials = sealed
        #expect(throws: SealError.self) { try world.registry.open(other) }
    }

    @Test("lookup gives what is known, secrets apart, and says where there is no such tenant")
    func lookup() async throws {
        let world = try TenantWorld()
        let lookup = try RegistryStep(TenantLookup(world.registry), ["tenant": "acme"], run: "r1")
        #expect(try await lookup.refusal().message == "there is no such tenant")
        let lenient = try RegistryStep(
            TenantLookup(world.registry), ["tenant": "acme", "allow_missing": true], run: "r1")
        #expect(try await lenient.take().output.values["state"] == "deleted")
        try await world.ports(["tenant": "acme"]).take()
        try await world.record(["tenant": "acme", "state": "active", "company": "c1", "credentials": Self.secrets])
            .take()
        let output = try await lookup.take().output
        #expect(output.values["company"] == "c1" && output.values["starting_port"] == 30000)
        #expect(output.secrets == ["agent_key": "KEY-OF-AGENT", "agent_secret": "SECRET-OF-AGENT"])
    }
}
