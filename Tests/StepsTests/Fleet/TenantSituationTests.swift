import Steps
import Testing
import Workflow

struct TenantSituationTests {
    private static let wish: [String: Value] = ["name": "acme", "size": 1]
    private static let run = RunID("r1")

    private static func tenant(_ state: Tenant.State, _ settings: [String: Value] = wish) -> Tenant {
        var tenant = Tenant("acme", state, by: "r1", at: Timestamp(milliseconds: 0))
        tenant.settings = settings
        return tenant
    }

    private func move(
        _ wanted: [String: Value]?, _ tenant: Tenant?,
        _ run: (TenantSituation.Purpose?, RunStatus, [String: Value])? = nil
    ) -> TenantSituation.Move {
        TenantSituation(
            name: "acme", wanted: wanted, tenant: tenant,
            run: run.map { TenantSituation.Run(id: Self.run, purpose: $0.0, status: $0.1, inputs: $0.2) }
        ).move
    }

    private func isBlocked(_ move: TenantSituation.Move) -> Bool {
        if case .blocked = move { true } else { false }
    }

    @Test("without a run under way the registry decides")
    func standing() {
        #expect(move(Self.wish, nil) == .start(.create))
        #expect(move(Self.wish, Self.tenant(.deleted)) == .start(.create))
        #expect(move(Self.wish, Self.tenant(.active)) == .none)
        #expect(move(Self.wish, Self.tenant(.suspended)) == .none)
        #expect(move(Self.wish, Self.tenant(.active, ["name": "acme", "size": 2])) == .start(.update))
        #expect(isBlocked(move(Self.wish, Self.tenant(.suspended, ["name": "acme", "size": 2]))))
        #expect(isBlocked(move(Self.wish, Self.tenant(.deleting))))
        #expect(move(nil, Self.tenant(.active)) == .start(.delete))
        #expect(move(nil, Self.tenant(.deleted)) == .none)
        #expect(move(nil, nil) == .none)
    }

    @Test("what was begun is finished first, whatever it is", arguments: RunStatus.allCases.filter { !$0.isSettled })
    func interrupted(status: RunStatus) {
        #expect(move(Self.wish, nil, (.create, status, Self.wish)) == .resume(Self.run, .create))
        #expect(move(Self.wish, Self.tenant(.active), (nil, status, [:])) == .resume(Self.run, nil))
        #expect(move(nil, Self.tenant(.deleting), (.delete, status, [:])) == .resume(Self.run, .delete))
    }

    @Test("a half-made tenant is gone on with, and undone where it is wanted otherwise or not at all")
    func halfMade() {
        let creating = Self.tenant(.creating, [:])
        #expect(move(Self.wish, creating, (.create, .failed, Self.wish)) == .resume(Self.run, .create))
        #expect(move(Self.wish, nil, (.create, .cancelled, Self.wish)) == .resume(Self.run, .create))
        #expect(move(Self.wish, creating, (.create, .failed, ["name": "acme", "size": 2])) == .rollBack(Self.run))
        #expect(move(nil, creating, (.create, .failed, Self.wish)) == .rollBack(Self.run))
        #expect(move(Self.wish, creating, (.create, .rollbackFailed, Self.wish)) == .rollBack(Self.run))
        #expect(move(Self.wish, nil, (.create, .rolledBack, Self.wish)) == .start(.create))
    }

    @Test("a change that failed is tried again, or another one begun where that is wanted now")
    func failedChange() {
        let active = Self.tenant(.active, ["name": "acme", "size": 0])
        #expect(move(Self.wish, active, (.update, .failed, Self.wish)) == .resume(Self.run, .update))
        #expect(move(Self.wish, active, (.update, .failed, ["size": 5])) == .start(.update))
        // The file was set back: the world may be half changed all the same.
        #expect(move(Self.wish, Self.tenant(.active), (.update, .failed, ["size": 5])) == .start(.update))
        #expect(move(Self.wish, Self.tenant(.active), (nil, .failed, [:])) == .none)
    }

    @Test("what only a person can decide is left to one")
    func blocked() {
        #expect(isBlocked(move(Self.wish, nil, (.create, .unknown, Self.wish))))
        #expect(isBlocked(move(Self.wish, Self.tenant(.deleting), (.delete, .failed, [:]))))
        #expect(move(nil, Self.tenant(.deleting), (.delete, .failed, [:])) == .resume(Self.run, .delete))
    }

    @Test("a plan tells changes by input, from and to")
    func plan() {
        let situation = TenantSituation(
            name: "acme", wanted: ["name": "acme", "size": 3, "new": "x"],
            tenant: Self.tenant(.active, ["name": "acme", "size": 1, "old": true]), run: nil)
        let plan = FleetPlan([situation])
        #expect(plan.items.map(\.changes) == [[Change("new", to: "x"), Change("size", from: 1, to: 3)]])
        #expect(
            plan.text == """
                ~ acme
                    new: nothing → x
                    size: 1 → 3
                0 to create, 1 to change, 0 to remove (with --prune), 0 as wanted
                """)
    }
}
