import GRDB
import Testing
import Workflow

/// What other processes, and people who come late, ask for.
@Suite(.timeLimit(.minutes(10))) struct EngineRequestTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    private static let one = "workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }"

    /// Waits for the owner's answer, as another process does: it looks at the file again and again.
    private func answer(to id: Int, in journal: SQLiteJournal, _ session: EngineSession) async throws -> EngineAnswer {
        while true {
            if let answer = try await journal.answer(to: id) { return answer }
            session.time.move(by: .milliseconds(200))
            await Task.yield()
        }
    }

    @Test func anotherProcessStartsAndCancelsARun() async throws {
        try await bench.working { session async throws in
            let other = try SQLiteJournal(path: bench.path)
            let workflow = try bench.load("workflow: w\nsteps: { g: { uses: approval, with: { message: m } } }")
            try await other.store(bundle: workflow.bundle.encoded, hash: workflow.bundle.hash)
            let header = RunHeader(workflow: "w", version: 1, bundle: workflow.bundle.hash, by: Actor("grace"))
            let start = try await other.submit(.start(RunID("r1"), header, sealedSecrets: nil), at: .start)
            #expect(try await answer(to: start, in: other, session) == .done)
            let again = try await other.submit(.start(RunID("r1"), header, sealedSecrets: nil), at: .start)
            #expect(try await answer(to: again, in: other, session) == .refused("there is a run r1 already"))
            let cancel = try await other.submit(.cancel(RunID("r1"), by: Actor("grace"), reason: nil), at: .start)
            #expect(try await answer(to: cancel, in: other, session) == .done)
            #expect(try await other.runs(RunQuery()).map(\.status) == [.cancelled])
        }
    }

    @Test func aRequestWaitsForTheNextOwner() async throws {
        let other = try SQLiteJournal(path: bench.path)
        let id = try await other.submit(.cancel(RunID("r9"), by: Actor("grace"), reason: nil), at: .start)
        try await bench.working { session async throws in
            #expect(try await answer(to: id, in: other, session) == .refused("there is no run r9"))
        }
    }

    @Test func requestsThatCannotBeReadOrDoneEndNoEngine() async throws {
        try await bench.working { session async throws in
            let other = try SQLiteJournal(path: bench.path)
            try await other.write {
                try $0.execute(sql: "INSERT INTO requests(at, request) VALUES (1, '{\"teleport\":{}}')")
            }
            let unreadable = try await answer(to: 1, in: other, session)
            #expect(unreadable == .refused("the runner that drives the runs does not know this request"))
            let header = RunHeader(workflow: "w", version: 1, bundle: "no such bundle", by: Actor("grace"))
            let id = try await other.submit(.start(RunID("r1"), header, sealedSecrets: nil), at: .start)
            guard case .refused(let reason) = try await answer(to: id, in: other, session) else {
                Issue.record("a run without a workflow was started")
                return
            }
            #expect(reason.contains("no such bundle"))
            #expect(try await session.run(Self.one) == .succeeded)
        }
    }

    @Test func whatDoesNotFitIsRefusedWithAReason() async throws {
        try await bench.working { session async throws in
            #expect(try await session.run(Self.one) == .succeeded)
            let (run, by) = (RunID("r1"), EngineBench.ada)
            let requests: [EngineRequest] = [
                .cancel(run, by: by, reason: nil), .resume(run, by: by, sealedSecrets: nil),
                .retry(run, from: "b", by: by), .skip(run, step: "a", by: by, reason: "x"),
                .approve(run, step: "a", by: by, reason: nil), .reject(run, step: "b", by: by, reason: nil),
                .signal(run, name: "s", data: .null, by: by), .resolve(run, step: "a[1]", .redo, by: by, reason: "x"),
                .cancel(RunID("r2"), by: by, reason: nil),
            ]
            for request in requests {
                guard case .refused(let reason) = await session.engine.submit(request) else {
                    Issue.record("done: \(request)")
                    continue
                }
                #expect(
                    reason.hasSuffix("does not fit a run whose status is succeeded")
                        || reason.contains(" has no step 'b'; its steps: a")
                        || reason == "there is no run r2", "\(reason)")
            }
            #expect(try await session.machine().status == .succeeded)
        }
    }

    @Test func skipAndRetryFromAStep() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("b") { _, _, _ in throw StepError(.permanent, "no") }
            let text = """
                workflow: w
                steps:
                  a: { uses: thing, with: { name: a } }
                  b: { uses: thing, needs: [a], with: { name: b } }
                  c: { uses: thing, needs: [b], with: { name: c, value: "${{ default(steps.b.value, 'none') }}" } }
                """
            #expect(try await session.run(text) == .failed)
            #expect(
                await session.engine.submit(.skip(RunID("r1"), step: "b", by: EngineBench.ada, reason: "by hand"))
                    == .done)
            #expect(await session.resume() == .succeeded)
            #expect(await session.world.things["c"] == "none")
            await session.world.onApply("b") { _, _, _ in nil }
            #expect(await session.engine.submit(.retry(RunID("r1"), from: "b", by: EngineBench.ada)) == .done)
            #expect(await session.settled() == .succeeded)
            #expect(await session.world.things["c"] == true)
            #expect(await session.world.count("apply a") == 1)
            #expect(await session.world.count("apply b") == 2)
        }
    }

    @Test func idleAndSettledAnswerWithoutRuns() async throws {
        try await bench.working { session async throws in
            await session.engine.idle()
            #expect(await session.settled("nobody") == nil)
            #expect(try await session.run(Self.one) == .succeeded)
            await session.engine.idle()
            #expect(await session.settled() == .succeeded)
        }
    }
}
