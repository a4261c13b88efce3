import Testing
import Workflow

@Suite(.timeLimit(.minutes(1))) struct PlannerTests {
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
}
