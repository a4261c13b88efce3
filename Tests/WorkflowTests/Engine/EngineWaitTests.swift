import Testing
import Workflow

/// Steps that wait: they cost no worker, and survive the end of the process.
@Suite(.timeLimit(.minutes(10))) struct EngineWaitTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    /// Starts `text`, waits until a step waits, and ends the process.
    private func begun(_ text: String) async throws {
        let session = try await bench.start()
        #expect(try await session.begin(text) == .done)
        await session.journal.event { if case .waitStarted = $1 { true } else { false } }
        await session.crash()
    }

    @Test func anApprovalIsGivenToTheNextProcess() async throws {
        try await begun(
            """
            workflow: w
            steps:
              gate: { uses: approval, with: { message: "go on?" } }
              a: { uses: thing, with: { name: a, value: "${{ steps.gate.by }}" } }
            """)
        try await bench.working { session async throws in
            let answer = await session.engine.submit(
                .approve(RunID("r1"), step: "gate", by: Actor("grace"), reason: "fine"))
            #expect(answer == .done)
            #expect(await session.settled() == .succeeded)
            #expect(await session.world.things == ["a": "grace"])
        }
    }

    @Test func anApprovalIsRefused() async throws {
        try await bench.working { session async throws in
            #expect(
                try await session.begin("workflow: w\nsteps: { gate: { uses: approval, with: { message: m } } }")
                    == .done)
            await session.journal.event { if case .waitStarted = $1 { true } else { false } }
            #expect(
                await session.engine.submit(.reject(RunID("r1"), step: "gate", by: Actor("grace"), reason: "no"))
                    == .done)
            #expect(await session.settled() == .failed)
            let late = await session.engine.submit(.approve(RunID("r1"), step: "gate", by: Actor("grace"), reason: nil))
            #expect(late != .done)
        }
    }

    @Test func anApprovalExpiresOverARestart() async throws {
        try await begun("workflow: w\nsteps: { gate: { uses: approval, with: { message: m, expires: 1h } } }")
        bench.time.move(by: .seconds(1800))
        try await bench.working { session async throws in
            bench.time.move(by: .seconds(1799))
            #expect(try await session.states() == "gate waiting")
            bench.time.move(by: .seconds(1))
            #expect(await session.settled() == .failed)
        }
    }

    @Test func aSignalComesBeforeOrAfterItsWait() async throws {
        try await bench.working { session async throws in
            let text = """
                workflow: w
                steps:
                  hook: { uses: wait.signal, with: { signal: ready } }
                  then: { uses: wait.signal, needs: [hook], with: { signal: also, expires: 1h } }
                  a: { uses: thing, needs: [then], with: { name: a, value: "${{ steps.hook.data.port }}" } }
                """
            #expect(try await session.begin(text) == .done)
            func signal(_ name: String, _ data: Value) async -> EngineAnswer {
                await session.engine.submit(.signal(RunID("r1"), name: name, data: data, by: Actor("hook")))
            }
            #expect(await signal("also", .null) == .done)
            #expect(await signal("ready", ["port": 80]) == .done)
            #expect(await session.settled() == .succeeded)
            #expect(await session.world.things == ["a": 80])
            #expect(await signal("ready", .null) != .done)
        }
    }

    @Test func sleepGoesOnAfterARestart() async throws {
        try await begun(
            "workflow: w\nsteps: { s: { uses: sleep, with: { duration: 10m } }, a: { uses: thing, needs: [s], with: { name: a } } }"
        )
        bench.time.move(by: .seconds(700))
        try await bench.working { session async throws in
            #expect(await session.settled() == .succeeded)
            #expect(await session.world.count("apply a") == 1)
        }
    }

    @Test func aStepBetweenTwoAttemptsGoesOnAfterARestart() async throws {
        let session = try await bench.start()
        await bench.world.onApply("a") { _, _, context in
            if context.attempt == 1 { throw StepError(.transient, "busy") }
            return nil
        }
        #expect(try await session.begin("workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }") == .done)
        await session.journal.event { if case .attemptFailed = $1 { true } else { false } }
        await session.crash()
        bench.time.move(by: .seconds(10))
        try await bench.working { session async throws in
            #expect(await session.settled() == .succeeded)
            #expect(try await session.state("a").attempts == 2)
        }
    }

    @Test func cancellingEndsAWait() async throws {
        try await bench.working { session async throws in
            #expect(
                try await session.begin("workflow: w\nsteps: { gate: { uses: approval, with: { message: m } } }")
                    == .done)
            await session.journal.event { if case .waitStarted = $1 { true } else { false } }
            #expect(await session.engine.submit(.cancel(RunID("r1"), by: EngineBench.ada, reason: nil)) == .done)
            #expect(await session.settled() == .cancelled)
        }
    }

    // MARK: - Concurrency groups

    private static func grouped(_ conflict: String) -> String {
        """
        workflow: w
        inputs: { tenant: { type: string } }
        concurrency: { group: "tenant/${{ inputs.tenant }}", on_conflict: \(conflict) }
        steps: { gate: { uses: approval, with: { message: m } } }
        """
    }

    @Test func runsOfAGroupFollowEachOther() async throws {
        let session = try await bench.start()
        for id in ["r1", "r2", "r3"] {
            #expect(try await session.begin(Self.grouped("queue"), as: id, inputs: ["tenant": "x"]) == .done)
        }
        #expect(try await session.begin(Self.grouped("queue"), as: "r4", inputs: ["tenant": "y"]) == .done)
        #expect(try await session.machine("r2").status == .pending)
        #expect(try await session.machine("r4").status == .running)
        await session.crash()
        try await bench.working { session async throws in
            for id in ["r1", "r2", "r3", "r4"] {
                await session.journal.journal.waitForWait(of: id, session)
                #expect(
                    await session.engine.submit(.approve(RunID(id), step: "gate", by: EngineBench.ada, reason: nil))
                        == .done)
                #expect(await session.settled(id) == .succeeded)
            }
        }
    }

    @Test func aRunOfABusyGroupIsRefusedWhereTheWorkflowSaysSo() async throws {
        try await bench.working { session async throws in
            #expect(try await session.begin(Self.grouped("reject"), as: "r1", inputs: ["tenant": "x"]) == .done)
            #expect(
                try await session.begin(Self.grouped("reject"), as: "r2", inputs: ["tenant": "x"])
                    == .refused(
                        "run r1 of group 'tenant/x' is under way: wait for its end, or end it ('runner cancel r1')"))
            #expect(await session.engine.submit(.cancel(RunID("r1"), by: EngineBench.ada, reason: nil)) == .done)
            #expect(await session.settled("r1") == .cancelled)
            #expect(try await session.begin(Self.grouped("reject"), as: "r2", inputs: ["tenant": "x"]) == .done)
            #expect(await session.engine.submit(.resume(RunID("r1"), by: EngineBench.ada, sealedSecrets: nil)) != .done)
            #expect(await session.engine.submit(.rollback(RunID("r1"), by: EngineBench.ada, reason: nil)) != .done)
        }
    }

    private static let interrupted = """
        run r1 of group 'tenant/x' was interrupted, and what it has begun is neither done nor undone: go on with it \
        ('runner resume r1'), or end it ('runner cancel r1' keeps what was done, 'runner rollback r1' undoes it)
        """

    /// Leaves a run of group `tenant/x` interrupted, and starts a process that goes on with nothing by itself.
    private func withInterruptedRun(_ body: (EngineSession) async throws -> Void) async throws {
        let first = try await bench.start()
        #expect(try await first.begin(Self.grouped("reject"), inputs: ["tenant": "x"]) == .done)
        await first.journal.journal.waitForWait(of: "r1", first)
        await first.crash()
        let session = try await bench.start(recovery: .onDemand)
        try await body(session)
        try await session.stop()
    }

    @Test(arguments: ["resume", "cancel", "rollback"])
    func anInterruptedRunKeepsItsGroup(until ending: String) async throws {
        try await withInterruptedRun { session async throws in
            let id = RunID("r1")
            #expect(
                try await session.begin(Self.grouped("reject"), as: "r2", inputs: ["tenant": "x"])
                    == .refused(Self.interrupted))
            // A look at it, or word to it, does not change that.
            #expect(await session.engine.submit(.signal(id, name: "s", data: .null, by: EngineBench.ada)) == .done)
            #expect(
                try await session.begin(Self.grouped("reject"), as: "r2", inputs: ["tenant": "x"])
                    == .refused(Self.interrupted))
            #expect(try await session.begin(Self.grouped("reject"), as: "r3", inputs: ["tenant": "y"]) == .done)
            switch ending {
            case "resume":
                #expect(
                    await session.engine.submit(.approve(id, step: "gate", by: EngineBench.ada, reason: nil)) == .done)
                #expect(await session.resume() == .succeeded)
            case "cancel":
                #expect(await session.engine.submit(.cancel(id, by: EngineBench.ada, reason: nil)) == .done)
                #expect(await session.settled() == .cancelled)
            default: #expect(await session.rollback() == .rolledBack)
            }
            #expect(try await session.begin(Self.grouped("reject"), as: "r2", inputs: ["tenant": "x"]) == .done)
            #expect(try await session.machine("r2").status == .running)
        }
    }

    @Test func aRunThatQueuesBehindAnInterruptedOneSaysSoAndGetsItsTurn() async throws {
        try await withInterruptedRun { session async throws in
            #expect(try await session.begin(Self.grouped("queue"), as: "r2", inputs: ["tenant": "x"]) == .done)
            #expect(try await session.machine("r2").status == .pending)
            #expect(try await session.output("r2") == ["held back: \(Self.interrupted)"])
            // Its own process ends too; the next one goes on waiting.
            #expect(await session.engine.submit(.resume(RunID("r2"), by: EngineBench.ada, sealedSecrets: nil)) == .done)
            #expect(try await session.machine("r2").status == .pending)
            #expect(await session.engine.submit(.cancel(RunID("r1"), by: EngineBench.ada, reason: nil)) == .done)
            #expect(await session.settled() == .cancelled)
            #expect(try await session.machine("r2").status == .running)
        }
    }
}

extension SQLiteJournal {
    /// Waits until a step of the run waits, whichever process wrote that.
    func waitForWait(of id: String, _ session: EngineSession) async {
        let isThere = try? await entries(of: RunID(id), after: 0).contains { entry in
            entry.events.contains { if case .waitStarted = $0 { true } else { false } }
        }
        if isThere == true { return }
        await session.journal.event { run, event in
            if run == RunID(id), case .waitStarted = event { true } else { false }
        }
    }
}
