import Steps
import Testing
import Workflow

struct TenantLookupTests {
    private func world() async throws -> TenantWorld {
        let world = try TenantWorld()
        try await world.record([
            "tenant": "acme", "state": "active", "settings": ["admin": ["email": "ada@acme.org"], "features": .null],
        ]).take()
        return world
    }

    @Test("a tenant in another state than wanted is an error that says which")
    func states() async throws {
        let world = try await world()
        try await world.lookup(["tenant": "acme", "states": ["active", "suspended"]]).take()
        let error = await #expect(throws: StepError.self) {
            try await world.lookup(["tenant": "acme", "states": ["suspended"]]).take()
        }
        #expect(error?.message == "it is active, and has to be suspended")
        let gone = await #expect(throws: StepError.self) {
            try await world.lookup(["tenant": "beta", "allow_missing": true, "states": ["active"]]).take()
        }
        #expect(gone?.message.contains("deleted") == true)
    }

    @Test("what cannot be changed is compared, and what the registry does not know is passed over")
    func fixed() async throws {
        let world = try await world()
        let same: Value = ["admin": ["email": "ada@acme.org"], "unheard": 1]
        try await world.lookup(["tenant": "acme", "fixed": same]).take()
        // Adopted, it is known by its address alone.
        let more: Value = ["admin": ["email": "ada@acme.org", "name": "Ada"]]
        try await world.lookup(["tenant": "acme", "fixed": more]).take()
        for fewer: Value in [["admin": ["name": "Ada"]], ["admin": "ada@acme.org"], ["admin": .null]] {
            await #expect(throws: StepError.self) {
                try await world.lookup(["tenant": "acme", "fixed": fewer]).take()
            }
        }
        let error = await #expect(throws: StepError.self) {
            try await world.lookup(["tenant": "acme", "fixed": ["admin": ["email": "bob@acme.org"]]]).take()
        }
        #expect(error?.message.contains("'admin'") == true && error?.message.contains("bob@acme.org") == true)
    }

    @Test("another release than the ones it may have is an error")
    func releases() async throws {
        let world = try await world()
        let wanted: [String: Value] = ["tenant": "acme", "releases": ["clearml-agent", "clearml-ttr"]]
        try await world.lookup(wanted).take()
        try await world.record(["tenant": "acme", "state": "active", "charts": ["clearml-agent": "1.0.0"]]).take()
        try await world.lookup(wanted).take()
        try await world.record(["tenant": "acme", "state": "active", "charts": ["old-agent": "1.0.0"]]).take()
        let error = await #expect(throws: StepError.self) { try await world.lookup(wanted).take() }
        #expect(error?.kind == .permanent && error?.message.contains("the release 'old-agent'") == true)
        try await world.lookup(["tenant": "acme"]).take()
    }

    @Test("another company than the registry's is an error, and so is one where it knows none")
    func company() async throws {
        let world = try await world()
        let unknown = await #expect(throws: StepError.self) {
            try await world.lookup(["tenant": "acme", "company": "b"]).take()
        }
        #expect(unknown?.kind == .conflict)
        try await world.record(["tenant": "acme", "state": "active", "company": "a"]).take()
        try await world.lookup(["tenant": "acme", "company": "a"]).take()
        let error = await #expect(throws: StepError.self) {
            try await world.lookup(["tenant": "acme", "company": "b"]).take()
        }
        #expect(error?.message == "its company is a, and not b")
    }

    @Test("a setting that is not given any more is recorded so")
    func unset() async throws {
        let world = try await world()
        try await world.record(["tenant": "acme", "state": "active", "settings": ["features": ["a"]]]).take()
        try await world.record(["tenant": "acme", "state": "active", "settings": ["features": .null]]).take()
        #expect(try await world.registry.tenant("acme")?.settings["features"] ?? .null == .null)
    }
}
