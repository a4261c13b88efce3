import Testing
import Workflow

@Suite(.timeLimit(.minutes(10))) struct PlannerTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    @Test func aPlanSaysWhatARunWouldDoAndChangesNothing() async throws {
        await bench.world.put("there", 1)
        await bench.world.put("other", 2)
        await bench.world.onObserve("hidden") { _ in .unknown("no look-up") }
        await bench.world.onObserve("broken") { _ in throw StepError(.permanent, "forbidden s3cret") }
        let workflow = try bench.load(
            """
            workflow: w
            secrets: [token]
            steps:
              there: { uses: thing, with: { name: there, value: 1 } }
              other: { uses: thing, with: { name: other, value: "${{ secrets.token }}" } }
              absent: { uses: final, with: { name: absent } }
              after: { uses: thing, with: { name: "${{ steps.absent.name }}" } }
              known: { uses: thing, with: { name: "${{ steps.there.name }}", value: 1 } }
              unneeded: { uses: thing, when: "${{ false }}", with: { name: unneeded } }
              hidden: { uses: thing, with: { name: hidden } }
              broken: { uses: thing, with: { name: broken } }
              look: { uses: reader, with: { name: look } }
              each: { uses: thing, for_each: [there, fresh], with: { name: "${{ item }}" } }
              sub: { uses: workflow, with: { workflow: child.yaml } }
              gate: { uses: approval, with: { message: m } }
            """, ["child.yaml": "workflow: child\nsteps: { x: { uses: thing, with: { name: x } } }"])
        let planner = Planner(catalog: bench.catalog, time: bench.time, dataDirectory: "/data")
        let plan = try await planner.plan(workflow, inputs: [:], secrets: ["token": "s3cret"])
        #expect(
            plan.steps.map { "\($0.id) \($0.action.rawValue)" } == [
                "there none", "other change", "absent create", "after unknown", "known none", "unneeded skip",
                "hidden unknown",
                "broken failed", "look run", "each[0] none", "each[1] create", "sub change", "gate run",
            ])
        #expect(plan.steps[1].changes == [Change("value", from: 2, to: "***")])
        #expect(plan.steps[2].isPointOfNoReturn)
        #expect(plan.steps[7].reason?.contains("forbidden ***") == true)
        #expect(plan.steps[11].steps.map(\.action) == [.create])
        #expect(!plan.isEmpty)
        #expect(await bench.world.things == ["there": 1, "other": 2])
        #expect(await bench.world.calls.allSatisfy { $0.hasPrefix("observe") })
        #expect(try Value(encoding: plan).decoded(as: Plan.self) == plan)
    }

    @Test func whatStandsOnAChangeThatIsStillToComeIsNoFailure() async throws {
        await bench.world.put("ready", 1)
        for name in ["early", "late", "alone"] {
            await bench.world.onObserve(name) { _ in
                throw StepError(.permanent, "no namespace", remedy: "make it")
            }
        }
        let workflow = try bench.load(
            """
            workflow: w
            steps:
              ready: { uses: thing, with: { name: ready, value: 1 } }
              namespace: { uses: thing, with: { name: namespace } }
              wait: { uses: reader, needs: [namespace], with: { name: wait } }
              early: { uses: thing, needs: [namespace], with: { name: early } }
              late: { uses: thing, needs: [wait], with: { name: late } }
              alone: { uses: thing, needs: [ready], with: { name: alone } }
            """)
        let planner = Planner(catalog: bench.catalog, time: bench.time, dataDirectory: "/data")
        let plan = try await planner.plan(workflow, inputs: [:], secrets: [:])
        #expect(
            plan.steps.map { "\($0.id) \($0.action.rawValue)" } == [
                "ready none", "namespace create", "wait run", "early unknown", "late unknown", "alone failed",
            ])
        #expect(plan.steps[3].reason?.hasPrefix("cannot be looked at before 'namespace': no namespace") == true)
        #expect(plan.steps[4].reason?.hasPrefix("cannot be looked at before 'wait'") == true)
    }
}
