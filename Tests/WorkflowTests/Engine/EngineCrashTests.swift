import GRDB
import Testing
import Workflow

/// Processes end at bad moments, and others go on.
@Suite(.timeLimit(.minutes(20))) struct EngineCrashTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    private static let two = """
        workflow: w
        steps:
          a: { uses: thing, with: { name: a } }
          b: { uses: thing, needs: [a], with: { name: b } }
        """

    /// Starts a run and ends the process while `apply b` is under way.
    private func interrupted(kill: Bool, effect: Bool) async throws {
        let session = try await bench.start()
        let started = Promise<Void>()
        await bench.world.onApply("b") { [world = bench.world] _, _, _ in
            if effect { await world.put("b", true) }
            started.keep(())
            try await hang()
            return nil
        }
        #expect(try await session.begin(Self.two) == .done)
        await started.value
        if kill { await session.crash() } else { try await session.stop() }
        await bench.world.onApply("b") { _, _, _ in nil }
    }

    @Test(arguments: [true, false]) func whatWasAppliedIsAdopted(kill: Bool) async throws {
        try await interrupted(kill: kill, effect: true)
        try await bench.working { session async throws in
            #expect(await session.settled() == .succeeded)
            #expect(await session.world.calls == ["observe a", "apply a", "observe b", "apply b", "observe b"])
            let state = try await session.state("b")
            #expect(state.attempts == 2)
            #expect(state.effect == .certain, "it is this run's, and a rollback undoes it")
        }
    }

    @Test(arguments: [true, false]) func whatWasNotAppliedIsAppliedAgain(kill: Bool) async throws {
        try await interrupted(kill: kill, effect: false)
        try await bench.working { session async throws in
            #expect(await session.settled() == .succeeded)
            #expect(await session.world.count("apply b") == 2)
            #expect(await session.world.count("apply a") == 1)
        }
    }

    @Test(arguments: ["adopt", "redo", "discard"]) func whatNobodyCanTellIsResolvedByHand(how: String) async throws {
        try await interrupted(kill: true, effect: true)
        await bench.world.onObserve("b") { _ in .unknown("there is no look-up") }
        try await bench.working { session async throws in
            #expect(await session.settled() == .unknown)
            #expect(await session.world.count("apply b") == 1)
            #expect(await session.engine.submit(.resume(RunID("r1"), by: EngineBench.ada, sealedSecrets: nil)) != .done)
            let resolution: Resolution =
                switch how {
                case "adopt": .adopt(output: ["name": "b"])
                case "redo": .redo
                default: .discard
                }
            #expect(
                await session.engine.submit(
                    .resolve(RunID("r1"), step: "b", resolution, by: EngineBench.ada, reason: "looked")) == .done)
            #expect(await session.resume() == .succeeded)
            #expect(await session.world.count("apply b") == (how == "adopt" ? 1 : 2))
            #expect(try await session.state("b").effect == .certain)
        }
    }

    @Test func aStopEndsTheEngineWithAttemptsUnderWay() async throws {
        try await interrupted(kill: false, effect: false)
        let events = try await SQLiteJournal(path: bench.path).entries(of: RunID("r1"), after: 0).flatMap(\.events)
        guard case .attemptInterrupted(InstanceID(1), _)? = events.last else {
            Issue.record("\(events.suffix(2))")
            return
        }
    }

    @Test func aCancelledEngineStopsInGoodOrder() async throws {
        let session = try await bench.start()
        let started = await bench.world.hangs("a")
        #expect(try await session.begin(Self.two) == .done)
        await started.value
        session.task.cancel()
        try await session.task.value
        #expect(try await session.state("a").status == .pending)
        #expect(
            await session.engine.submit(.cancel(RunID("r1"), by: EngineBench.ada, reason: nil))
                == .refused("the engine is stopping"))
    }

    @Test func anAttemptThatWaitsForTheJournalDoesNotHoldUpAStop() async throws {
        for round in 0..<30 {
            let bench = try EngineBench()
            let session = try await bench.start()
            let observed = Promise<Void>()
            await bench.world.onObserve("a") { _ in
                observed.keep(())
                return nil
            }
            #expect(try await session.begin(Self.two) == .done)
            await observed.value
            for _ in 0..<round { await Task.yield() }
            try await session.stop()
        }
    }

    @Test func aTakenOverEngineEnds() async throws {
        let session = try await bench.start()
        let started = await bench.world.hangs("a")
        #expect(try await session.begin(Self.two) == .done)
        await started.value
        await bench.world.onApply("a") { _, _, _ in nil }
        let next = try await bench.start()
        bench.time.move(by: .seconds(6))
        await #expect(throws: JournalError.self) { try await session.task.value }
        #expect(await next.settled() == .succeeded)
        try await next.stop()
    }

    /// The journal fails at the k-th append, for every k; what was acknowledged is kept, and nothing is done twice.
    @Test(arguments: [64, 1]) func theJournalFailsAtEveryAppend(besides: Int) async throws {
        for failsAt in 1..<12 {
            let bench = try EngineBench()
            let session = try await bench.start(failsAt: failsAt, besides: besides)
            let answer = try await session.begin(Self.two)
            let ended = await session.settled()
            if ended != nil {
                #expect(failsAt > 5)
                try await session.stop()
                return
            }
            await #expect(throws: WatchedJournal.Broken.self) { try await session.task.value }
            #expect(answer == .done || failsAt == 1)
            let acknowledged = session.journal.events
            try await bench.working { next async throws in
                if answer == .done {
                    let status = await next.settled()
                    #expect(status == .succeeded || status == nil)
                } else {
                    #expect(try await next.run(Self.two) == .succeeded)
                }
                let events = try await next.journal.entries(of: RunID("r1"), after: 0).flatMap(\.events)
                #expect(Array(events.prefix(acknowledged.count)) == acknowledged.map(\.event))
                #expect(try await next.machine().status == .succeeded)
                #expect(await next.world.count("apply a") == 1)
                #expect(await next.world.count("apply b") == 1)
            }
        }
        Issue.record("no run got through without a failure")
    }

    @Test func aRunThatCannotBeReadDoesNotStopTheOthers() async throws {
        try await interrupted(kill: true, effect: false)
        let other = try SQLiteJournal(path: bench.path)
        try await other.write { try $0.execute(sql: "UPDATE bundles SET data = CAST('{}' AS BLOB)") }
        try await bench.working { session async throws in
            let text = "workflow: v\nsteps: { c: { uses: thing, with: { name: c } } }"
            #expect(try await session.run(text, as: "r2") == .succeeded)
            let answer = await session.engine.submit(.cancel(RunID("r1"), by: EngineBench.ada, reason: nil))
            guard case .refused(let reason) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(reason.hasPrefix("run r1 cannot be read:"))
            #expect(await session.settled() == nil)
        }
    }
}
