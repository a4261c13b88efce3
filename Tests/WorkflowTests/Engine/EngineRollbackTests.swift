import Testing
import Workflow

@Suite(.timeLimit(.minutes(1))) struct EngineRollbackTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    private static func chain(_ more: String = "", last: String = "{ uses: thing, needs: [b], with: { name: c } }")
        -> String
    {
        """
        workflow: w
        \(more)
        defaults: { retry: { attempts: 2, initial: 1s } }
        steps:
          a: { uses: thing, with: { name: a } }
          b: { uses: thing, needs: [a], with: { name: b } }
          c: \(last)
        """
    }

    private func reverts() async -> [String] { await bench.world.calls.filter { $0.hasPrefix("revert") } }

    @Test func finishedStepsAreUndoneInReverseOrder() async throws {
        try await bench.working { session async throws in
            #expect(try await session.run(Self.chain()) == .succeeded)
            #expect(await session.rollback() == .rolledBack)
            #expect(await reverts() == ["revert c", "revert b", "revert a"])
            #expect(await session.world.things.isEmpty)
        }
    }

    @Test func aFailureRollsBackWhereTheWorkflowSaysSo() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("c") { [world = bench.world] _, _, _ in
                await world.put("c", "half")
                throw StepError(.permanent, "no")
            }
            #expect(try await session.run(Self.chain("on_failure: rollback")) == .rolledBack)
            #expect(await reverts() == ["revert c", "revert b", "revert a"])
            #expect(await session.world.things.isEmpty, "what half happened is undone too")
        }
    }

    @Test func aPointOfNoReturnStopsTheRollback() async throws {
        try await bench.working { session async throws in
            #expect(
                try await session.run(Self.chain(last: "{ uses: final, needs: [b], with: { name: c } }")) == .succeeded)
            #expect(await session.rollback() == .rollbackFailed)
            #expect(await reverts().isEmpty)
        }
    }

    @Test func whatStaysBehindIsTold() async throws {
        try await bench.working { session async throws in
            await session.world.onRevert("b") { _, _, _ in StepOutput(["left": "volume data-0"]) }
            #expect(try await session.run(Self.chain()) == .succeeded)
            #expect(await session.rollback() == .rolledBack)
            #expect(try await session.state("b").left == ["volume data-0"])
        }
    }

    @Test func aRevertIsTriedAgainAndEndsInTime() async throws {
        try await bench.working { session async throws in
            let calls = Locked(0)
            let hanging = Promise<Void>()
            await session.world.onRevert("c") { _, _, _ in
                let call = calls.with { calls in
                    calls += 1
                    return calls
                }
                if call == 1 {
                    hanging.keep(())
                    try await hang()
                }
                return nil
            }
            let last = "{ uses: thing, needs: [b], with: { name: c }, timeout: 30s }"
            #expect(try await session.run(Self.chain(last: last)) == .succeeded)
            #expect(await session.engine.submit(.rollback(RunID("r1"), by: EngineBench.ada, reason: nil)) == .done)
            await hanging.value
            session.time.move(by: .seconds(30))
            let event = await session.journal.event { if case .revertFailed = $1 { true } else { false } }
            guard case .revertFailed(_, let error, let at?) = event else {
                Issue.record("\(event)")
                return
            }
            #expect(error.kind == .timedOut)
            session.time.move(to: at)
            #expect(await session.settled() == .rolledBack)
        }
    }

    @Test func aRevertThatFailsIsTriedAgainByHand() async throws {
        try await bench.working { session async throws in
            await session.world.onRevert("b") { _, _, _ in throw StepError(.permanent, "it is in use") }
            #expect(try await session.run(Self.chain()) == .succeeded)
            #expect(await session.rollback() == .rollbackFailed)
            #expect(try await session.states() == "a succeeded, b revertFailed, c reverted")
            await session.world.onRevert("b") { _, _, _ in nil }
            #expect(await session.rollback() == .rolledBack)
            #expect(await reverts() == ["revert c", "revert b", "revert b", "revert a"])
        }
    }

    @Test(arguments: [true, false]) func aRollbackGoesOnAfterACrash(kill: Bool) async throws {
        let session = try await bench.start()
        let started = Promise<Void>()
        await bench.world.onRevert("b") { _, _, _ in
            started.keep(())
            try await hang()
            return nil
        }
        #expect(try await session.run(Self.chain()) == .succeeded)
        #expect(await session.engine.submit(.rollback(RunID("r1"), by: EngineBench.ada, reason: nil)) == .done)
        await started.value
        if kill { await session.crash() } else { try await session.stop() }
        await bench.world.onRevert("b") { _, _, _ in nil }
        try await bench.working { session async throws in
            #expect(await session.settled() == .rolledBack)
            #expect(await reverts() == ["revert c", "revert b", "revert b", "revert a"])
        }
    }

    @Test func aRollbackOfARunningRunEndsItsAttemptsFirst() async throws {
        try await bench.working { session async throws in
            let started = Promise<Void>()
            await session.world.onApply("b") { [world = bench.world] _, _, _ in
                await world.put("b", "half")
                started.keep(())
                try await hang()
                return nil
            }
            #expect(try await session.begin(Self.chain()) == .done)
            await started.value
            #expect(await session.rollback() == .rolledBack)
            #expect(await reverts() == ["revert b", "revert a"])
            #expect(await session.world.things.isEmpty)
        }
    }

    @Test func aSecondAttemptKnowsWhatWasThereBeforeTheFirst() async throws {
        try await bench.working { session async throws in
            let priors = Locked<[Value?]>([])
            await session.world.onObserve("a") { attempt in
                attempt == 1 ? .absent() : .differs([Change("a")], prior: "what the first attempt left")
            }
            await session.world.onApply("a") { _, prior, context in
                priors.with { $0.append(prior) }
                if context.attempt == 1 { throw StepError(.transient, "half") }
                return nil
            }
            await session.world.onRevert("a") { _, prior, _ in
                priors.with { $0.append(prior) }
                return nil
            }
            let text = "workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }"
            #expect(try await session.begin(text) == .done)
            await session.awaitRetry(of: 0)
            #expect(await session.settled() == .succeeded)
            #expect(await session.rollback() == .rolledBack)
            #expect(priors.with { $0 } == [nil, nil, nil])
        }
    }
}
