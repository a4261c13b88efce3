import Steps
import Testing
import Workflow

struct TenantGroundTests {
    private let ground = TenantGround(run: RunID("r5"), began: Timestamp(milliseconds: 500), isOfTenant: false)

    private func tenant(
        _ name: String, by run: String, at time: Int, state: Tenant.State = .active, changedBy: String? = nil
    ) -> Tenant {
        var tenant = Tenant(name, state, by: run, at: Timestamp(milliseconds: time))
        tenant.changedBy = changedBy ?? run
        return tenant
    }

    @Test("younger tenants of other runs stand on what a run did; older ones, deleted ones and its own do not")
    func others() {
        let tenants = [
            tenant("older", by: "r1", at: 100), tenant("younger", by: "r7", at: 700),
            tenant("half", by: "r8", at: 800, state: .creating), tenant("gone", by: "r9", at: 900, state: .deleted),
            tenant("own", by: "r5", at: 600), tenant("inner", by: "r5.tenant", at: 600),
            tenant("like", by: "r55", at: 600),
        ]
        #expect(ground.dependents(among: tenants).map(\.name) == ["younger", "half", "like"])
    }

    @Test("a tenant that the run made is stood upon once another run has changed it; a tenant's run has no others")
    func own() {
        let tenants = [
            tenant("own", by: "r5", at: 600, changedBy: "r9"), tenant("same", by: "r5", at: 600, changedBy: "r5.last"),
            tenant("other", by: "r7", at: 700),
        ]
        #expect(ground.dependents(among: tenants).map(\.name) == ["own", "other"])
        let one = TenantGround(run: RunID("r5"), began: Timestamp(milliseconds: 500), isOfTenant: true)
        #expect(one.dependents(among: tenants).map(\.name) == ["own"])
    }
}
