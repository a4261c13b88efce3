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
}
