import Testing
import Workflow

/// The shipped workflows for tenants, beside one another.
struct TenantWorkflowTests {
    @Test("tenant-update takes what tenant-create takes, in the same words, and passes all of it on")
    func sameInputs() throws {
        let create = try InstallWorkflowTests.load("tenant-create").definition
        let update = try InstallWorkflowTests.load("tenant-update").definition
        #expect(Array(update.inputs.dropLast()) == create.inputs)
        #expect(update.inputs.last?.name == "remove_queues")
        #expect(update.secrets == create.secrets)
        let change = try #require(update.steps.first { $0.id == "change" })
        func names(_ parameter: String) throws -> [String] {
            guard case .object(let members) = try #require(change.with[parameter]) else { return [] }
            return members.keys.sorted()
        }
        #expect(try names("inputs") == create.inputs.map(\.name).sorted())
        #expect(try names("secrets") == create.secrets.map(\.name).sorted())
    }

    @Test("whatever a tenant is given of settings is taken away again where it is not given any more")
    func formerSettings() throws {
        let step = try #require(
            try InstallWorkflowTests.load("tenant-create").definition.steps.first { $0.id == "settings" })
        guard case .object(let former) = try #require(step.with["formerly"]) else {
            Issue.record("no object")
            return
        }
        let place: Set = ["url", "key", "secret", "ca", "company", "formerly"]
        #expect(Set(former.keys) == Set(step.with.keys).subtracting(place))
        // And an update records each before it gives it, once it knows that it may.
        let update = try InstallWorkflowTests.load("tenant-update").definition.steps
        let intended = try #require(update.firstIndex { $0.id == "intended" })
        guard case .object(let settings) = try #require(update[intended].with["settings"]) else {
            Issue.record("no object")
            return
        }
        #expect(Set(settings.keys) == Set(former.keys))
        #expect(update[intended].needs.contains { update[$0].id == "known" })
        #expect(update.contains { $0.id == "change" && $0.needs.contains(intended) })
    }

    @Test(
        "a step that cannot be undone, and all that need it, are points of no return",
        arguments: [("tenant-delete", "removed", 9), ("tenant-rotate-credentials", "record", 2)])
    func pointsOfNoReturn(workflow: String, last: String, count: Int) throws {
        let steps = try InstallWorkflowTests.load(workflow).definition.steps
        let marked = steps.filter { $0.revert == .never }
        #expect(marked.count >= count)
        // Whoever needs one of them is one of them, and nobody else removes anything.
        for step in steps where step.needs.contains(where: { steps[$0].revert == .never }) {
            #expect(step.revert == .never, "\(step.id)")
        }
        let removing = steps.filter { $0.uses.contains("absent") || $0.uses.contains("revoked") }
        #expect(removing.allSatisfy { $0.revert == .never } && !removing.isEmpty)
        #expect(steps.contains { $0.id == last })
    }
}
