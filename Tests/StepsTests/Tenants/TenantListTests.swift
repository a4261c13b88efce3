import Steps
import Testing
import Workflow

struct TenantListTests {
    private func list(_ world: TenantWorld, _ with: [String: Value] = [:]) throws -> RegistryStep {
        try RegistryStep(TenantList(world.registry), with, run: "r1")
    }

    @Test("tenants are listed by state, those of other states apart, deleted ones nowhere")
    func states() async throws {
        let world = try TenantWorld()
        for (name, states) in [
            ("cactus", ["active"]), ("acme", ["active"]), ("beta", ["active", "suspended"]),
            ("gone", ["active", "deleting", "deleted"]),
        ] {
            for state in states { try await world.record(["tenant": .string(name), "state": .string(state)]).take() }
        }
        let output = try await list(world).take().output
        #expect(output.values["names"] == ["acme", "cactus"])
        #expect(output.values["others"] == ["beta (suspended)"])
        #expect(output.values["tenants"]?[0]?["namespace"] == "acme")
        #expect(try await list(world, ["names": ["cactus"]]).take().output.values["names"] == ["cactus"])
        #expect(try await list(world, ["names": ["gone"]]).refusal().object == "tenant gone")
    }

    @Test("where there must be none, those that there are are named")
    func none() async throws {
        let world = try TenantWorld()
        #expect(try await list(world, ["none": true]).isPresent())
        try await world.record(["tenant": "acme", "state": "creating"]).take()
        let refused = try await list(world, ["none": true]).refusal()
        #expect(refused.kind == .conflict && refused.message == "there are tenants: acme (creating)")
    }
}
