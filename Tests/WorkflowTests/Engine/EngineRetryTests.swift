import Testing
import Workflow

@Suite(.timeLimit(.minutes(1))) struct EngineRetryTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    private static let one = """
        workflow: w
        steps:
          a:
            uses: thing
            with: { name: a }
            retry: { attempts: 4, initial: 10s, factor: 2, max: 15s }
            timeout: 1m
        """

    @Test func transientErrorsAreTriedAgainAfterAPause() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, context in
                if context.attempt < 4 { throw StepError(.transient, "busy") }
                return nil
            }
            #expect(try await session.begin(Self.one) == .done)
            for number in 1...3 { await session.awaitRetry(number, of: 0) }
            #expect(await session.settled() == .succeeded)
            let pauses = try await session.journal.entries(of: RunID("r1"), after: 0).flatMap { entry in
                entry.events.compactMap { event -> Duration? in
                    if case .attemptFailed(_, _, let at?) = event { at - entry.at } else { nil }
                }
            }
            #expect(pauses.count == 3)
            for (pause, longest) in zip(pauses, [Duration.seconds(10), .seconds(15), .seconds(15)]) {
                #expect((.zero...longest).contains(pause))
            }
            #expect(try await session.state("a").attempts == 4)
        }
    }

    @Test func whenTheAttemptsAreUsedUpTheRunKeepsAllAndResumeGoesOn() async throws {
        try await bench.working { session async throws in
            let isBroken = Locked(true)
            await session.world.onApply("b") { _, _, _ in
                if isBroken.with({ $0 }) { throw StepError(.transient, "busy", object: "server", remedy: "wait") }
                return nil
            }
            let text = """
                workflow: w
                defaults: { retry: { attempts: 2 } }
                steps:
                  a: { uses: thing, with: { name: a } }
                  b: { uses: thing, needs: [a], with: { name: b } }
                """
            #expect(try await session.begin(text) == .done)
            await session.awaitRetry(of: 1)
            #expect(await session.settled() == .failed)
            #expect(try await session.states() == "a succeeded, b failed")
            #expect(
                try await session.state("b").failure == StepError(.transient, "busy", object: "server", remedy: "wait"))
            isBroken.with { $0 = false }
            #expect(await session.resume() == .succeeded)
            #expect(await session.world.count("apply a") == 1)
            #expect(await session.world.count("observe a") == 1)
        }
    }

    @Test(arguments: [StepError.Kind.permanent, .conflict])
    func whatCannotPassIsNotTriedAgain(_ kind: StepError.Kind) async throws {
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, _ in throw StepError(kind, "no") }
            #expect(try await session.run(Self.one) == .failed)
            #expect(await session.world.count("apply a") == 1)
        }
    }

    @Test func anyOtherErrorCountsAsPermanent() async throws {
        struct Odd: Error {}
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, _ in throw Odd() }
            #expect(try await session.run(Self.one) == .failed)
            #expect(try await session.state("a").failure?.kind == .permanent)
        }
    }

    @Test func anAttemptThatTakesTooLongIsEndedAndInDoubt() async throws {
        try await bench.working { session async throws in
            let (started, ended) = (Promise<Void>(), Promise<Void>())
            await session.world.onApply("a") { _, _, context in
                if context.attempt > 1 { return nil }
                started.keep(())
                do { try await hang() } catch {
                    ended.keep(())
                    throw error
                }
                return nil
            }
            #expect(try await session.begin(Self.one) == .done)
            await started.value
            session.time.move(by: .seconds(60))
            await ended.value
            await session.awaitRetry(of: 0)
            #expect(await session.settled() == .succeeded)
            let failure = try await session.journal.entries(of: RunID("r1"), after: 0).flatMap(\.events).compactMap {
                event in
                if case .attemptFailed(_, let error, _) = event { error } else { nil as StepError? }
            }
            #expect(failure.map(\.kind) == [.timedOut])
            #expect(failure.first?.message == "did not end within 60 s")
        }
    }

    @Test func whatAHandlerSaysWhenItsTimeIsOverIsKept() async throws {
        try await bench.working { session async throws in
            let started = Promise<Void>()
            await session.world.onApply("a") { _, _, _ in
                started.keep(())
                do { try await hang() } catch {
                    throw StepError(.permanent, "pod p waits for its image", object: "pod p")
                }
                return nil
            }
            #expect(try await session.begin(Self.one.replacing("attempts: 4", with: "attempts: 1")) == .done)
            await started.value
            session.time.move(by: .seconds(60))
            #expect(await session.settled() == .failed)
            #expect(
                try await session.state("a").failure?.message == "did not end within 60 s: pod p waits for its image")
        }
    }

    @Test func workThatIsDoneAtTheLastMomentCounts() async throws {
        try await bench.working { session async throws in
            let started = Promise<Void>()
            await session.world.onApply("a") { _, _, _ in
                started.keep(())
                try? await hang()
                return nil
            }
            #expect(try await session.begin(Self.one) == .done)
            await started.value
            session.time.move(by: .seconds(60))
            #expect(await session.settled() == .succeeded)
        }
    }

    @Test func theTotalTimeEndsTheAttempts() async throws {
        try await bench.working { session async throws in
            let text = """
                workflow: w
                steps:
                  a:
                    uses: thing
                    with: { name: a }
                    retry: { attempts: 100, initial: 1ms, max: 1ms }
                    timeout: 40s
                    total_timeout: 1m
                """
            let calls = Locked(0)
            let (first, second) = (Promise<Void>(), Promise<Void>())
            await session.world.onApply("a") { _, _, context in
                calls.with { $0 += 1 }
                if context.attempt == 1 { first.keep(()) } else { second.keep(()) }
                try await hang()
                return nil
            }
            #expect(try await session.begin(text) == .done)
            await first.value
            session.time.move(by: .seconds(40))
            await session.awaitRetry(of: 0)
            await second.value
            session.time.move(by: .seconds(20))
            #expect(await session.settled() == .failed)
            #expect(calls.with { $0 } == 2)
            #expect(try await session.state("a").failure?.message == "did not end within 20 s")
        }
    }

    @Test func aLostReplyIsLookedUp() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, _ in
                await bench.world.put("a", true)
                throw StepError(.outcomeUnknown, "the connection broke")
            }
            #expect(try await session.run(Self.one) == .succeeded)
            #expect(await session.world.calls == ["observe a", "apply a", "observe a"])
            #expect(try await session.state("a").effect == .certain)
        }
    }

    @Test func aLostReplyThatNobodyCanTellStopsTheRun() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, _ in throw StepError(.outcomeUnknown, "the connection broke") }
            await session.world.onObserve("a") { attempt in attempt == 1 ? nil : .unknown("there is no look-up") }
            #expect(try await session.begin(Self.one) == .done)
            await session.awaitRetry(of: 0)
            #expect(await session.settled() == .unknown)
            #expect(await session.world.count("apply a") == 1)
            #expect(try await session.states() == "a unknown")
        }
    }

    @Test func aLostReplyAtTheLastAttemptStopsTheRun() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, _ in throw StepError(.outcomeUnknown, "the connection broke") }
            #expect(try await session.run(Self.one.replacing("attempts: 4", with: "attempts: 1")) == .unknown)
        }
    }

    @Test func cancellingReachesTheHandler() async throws {
        try await bench.working { session async throws in
            let (started, ended) = (Promise<Void>(), Promise<Void>())
            await session.world.onApply("a") { _, _, _ in
                started.keep(())
                do { try await hang() } catch {
                    ended.keep(())
                    throw error
                }
                return nil
            }
            #expect(try await session.begin(Self.one) == .done)
            await started.value
            #expect(await session.engine.submit(.cancel(RunID("r1"), by: EngineBench.ada, reason: "late")) == .done)
            await ended.value
            #expect(await session.settled() == .cancelled)
            #expect(try await session.state("a").isInDoubt)
            await session.world.onApply("a") { _, _, _ in nil }
            #expect(await session.resume() == .succeeded)
        }
    }
}
