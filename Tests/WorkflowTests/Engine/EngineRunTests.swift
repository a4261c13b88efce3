import Testing
import Workflow

@Suite(.timeLimit(.minutes(10))) struct EngineRunTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    @Test func stepsRunInOrderAndPassTheirOutputsOn() async throws {
        try await bench.working { session async throws in
            let status = try await session.run(
                """
                workflow: w
                inputs: { size: { type: integer } }
                steps:
                  c: { uses: thing, with: { name: c, value: "${{ steps.b.value }} of ${{ steps.a.extra }}" } }
                  a:
                    uses: thing
                    with: { name: a, value: "${{ inputs.size }}" }
                    outputs: { extra: "<${{ output.value }}>" }
                  b: { uses: thing, with: { name: b, value: "${{ steps.a.value }}" } }
                outputs: { all: "${{ steps.c.value }}" }
                """, inputs: ["size": 5])
            #expect(status == .succeeded)
            #expect(
                await session.world.calls == ["observe a", "apply a", "observe b", "apply b", "observe c", "apply c"])
            #expect(await session.world.things == ["a": 5, "b": 5, "c": "5 of <5>"])
            #expect(try await session.machine().outputs == ["all": "5 of <5>"])
        }
    }

    @Test func whatIsThereAlreadyIsAdopted() async throws {
        await bench.world.put("a", 1)
        try await bench.working { session async throws in
            #expect(
                try await session.run("workflow: w\nsteps: { a: { uses: thing, with: { name: a, value: 1 } } }")
                    == .succeeded)
            #expect(await session.world.calls == ["observe a"])
            #expect(try await session.state("a").effect == .none)
            #expect(await session.rollback() == .rolledBack)
            #expect(await session.world.things == ["a": 1])
        }
    }

    @Test func whatDiffersIsChangedAndARollbackBringsItBack() async throws {
        await bench.world.put("a", "old")
        try await bench.working { session async throws in
            #expect(
                try await session.run("workflow: w\nsteps: { a: { uses: thing, with: { name: a, value: new } } }")
                    == .succeeded)
            #expect(await session.world.things == ["a": "new"])
            #expect(await session.rollback() == .rolledBack)
            #expect(await session.world.things == ["a": "old"])
        }
    }

    @Test(arguments: [1, 3]) func noMoreAttemptsThanAllowedRunAtOnce(parallel: Int) async throws {
        try await bench.working { session async throws in
            for name in ["a", "b", "c", "d", "e"] {
                await session.world.onApply(name) { _, _, _ in
                    for _ in 0..<20 { await Task.yield() }
                    return nil
                }
            }
            let steps = ["a", "b", "c", "d", "e"].map { "  \($0): { uses: thing, with: { name: \($0) } }" }
            let text = "workflow: w\nsteps:\n" + steps.joined(separator: "\n")
            #expect(try await session.run(text, parallel: parallel) == .succeeded)
            #expect(await session.world.mostAtOnce <= parallel)
        }
    }

    @Test func conditionsAndItemsAreEvaluated() async throws {
        try await bench.working { session async throws in
            let status = try await session.run(
                """
                workflow: w
                inputs: { names: { type: array, items: { type: string } } }
                steps:
                  unneeded: { uses: thing, when: "${{ length(inputs.names) > 5 }}", with: { name: unneeded } }
                  each:
                    uses: thing
                    for_each: "${{ inputs.names }}"
                    max_parallel: 1
                    with: { name: "${{ item }}", value: "${{ index }}" }
                  last: { uses: thing, needs: [unneeded], with: { name: last, value: "${{ steps.each[1].value }}" } }
                """, inputs: ["names": ["x", "y", "z"]])
            #expect(status == .succeeded)
            #expect(await session.world.things == ["x": 0, "y": 1, "z": 2, "last": 1])
            #expect(
                try await session.states()
                    == "unneeded skipped, each[0] succeeded, each[1] succeeded, each[2] succeeded, last succeeded")
        }
    }

    @Test func anExpressionWithoutAValueFailsItsStep() async throws {
        try await bench.working { session async throws in
            let status = try await session.run(
                """
                workflow: w
                inputs: { names: { type: any } }
                steps:
                  a: { uses: thing, for_each: "${{ inputs.names }}", with: { name: "${{ item }}" } }
                  b: { uses: thing, with: { name: b, value: "x${{ inputs.names }}" } }
                """, inputs: ["names": ["k": 1]])
            #expect(status == .failed)
            #expect(try await session.state("a[0]").failure?.kind == .permanent)
            #expect(await session.world.calls.isEmpty)
        }
    }

    @Test func theStateBeforeAChangeIsOnDiskBeforeTheChange() async throws {
        try await bench.working { session async throws in
            let seen = Locked<[RunEvent]>([])
            let path = bench.path
            await session.world.put("a", "before")
            await session.world.onApply("a") { _, prior, _ in
                #expect(prior == "before")
                // Another process looks at the file.
                let entries = try await SQLiteJournal(path: path).entries(of: RunID("r1"), after: 0)
                seen.with { $0 = entries.flatMap(\.events) }
                return nil
            }
            #expect(
                try await session.run("workflow: w\nsteps: { a: { uses: thing, with: { name: a, value: 2 } } }")
                    == .succeeded)
            #expect(
                seen.with { $0 }.suffix(2) == [
                    .attemptStarted(InstanceID(0), attempt: 1), .attemptPrepared(InstanceID(0), prior: "before"),
                ])
        }
    }

    @Test func aChainOfStepsThatDoNothingCostsOneCommitAStep() async throws {
        let count = 30
        for index in 0..<count { await bench.world.put("s\(index)", true) }
        try await bench.working { session async throws in
            var text = "workflow: w\nsteps:\n"
            for index in 0..<count {
                text +=
                    "  s\(index): { uses: thing, with: { name: s\(index) }\(index == 0 ? "" : ", needs: [s\(index - 1)]") }\n"
            }
            #expect(try await session.run(text) == .succeeded)
            #expect(session.journal.appends <= count + 1)
            #expect(await session.world.calls.count == count)
        }
    }

    /// Commits are large here, and written while the next is being decided.
    @Test(arguments: [1, 20]) func manyRunsAtOnce(besides: Int) async throws {
        let count = 100
        let session = try await bench.start(besides: besides)
        let text = """
            workflow: w
            inputs: { name: { type: string } }
            steps:
              a: { uses: thing, with: { name: "${{ inputs.name }} a" } }
              b: { uses: reader, needs: [a], with: { name: "${{ inputs.name }} b" } }
            """
        try await withThrowingTaskGroup(of: RunStatus?.self) { group in
            for index in 0..<count {
                group.addTask { try await session.run(text, as: "r\(index)", inputs: ["name": "\(index)"]) }
            }
            for try await status in group { #expect(status == .succeeded) }
        }
        #expect(await session.world.calls.count { $0.hasPrefix("apply") } == 2 * count)
        let graph = RunGraph(try bench.load(text).definition) { [bench] in bench.catalog[$0]?.reverting ?? .nothing }
        let report = try await session.journal.verify { (_: RunRecord, entries: [JournalEntry]) throws -> RunStatus in
            var machine = RunMachine(graph: graph)
            for entry in entries { for event in entry.events { try machine.apply(event, at: entry.at) } }
            return machine.status
        }
        #expect(report.faults == [])
        #expect(report.runs == count)
        try await session.stop()
    }

    @Test func outputIsKeptPerAttemptAndCapped() async throws {
        try await bench.working { session async throws in
            await session.world.onApply("a") { _, _, context in
                context.log(.stdout, "one\ntwo")
                context.log(.stderr, "three")
                if context.attempt == 1 { throw StepError(.transient, "again") }
                context.log(.stdout, String(repeating: "x", count: 100_000))
                for _ in 0..<200 { context.log(.stdout, String(repeating: "y", count: 8000)) }
                return nil
            }
            #expect(try await session.begin("workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }") == .done)
            await session.awaitRetry(of: 0)
            #expect(await session.settled() == .succeeded)
            let lines = try await session.journal.output(of: RunID("r1"), step: "a", after: 0, limit: 1000)
            #expect(
                lines.prefix(3).map { "\($0.attempt) \($0.stream) \($0.text)" } == [
                    "1 stdout one", "1 stdout two", "1 stderr three",
                ])
            let second = lines.filter { $0.attempt == 2 }
            #expect(second.map(\.text.utf8.count).reduce(0, +) <= 1 << 20)
            #expect(second.last?.text == "… more than 1048576 bytes: the rest is not kept")
            #expect(second.contains { $0.text.hasSuffix("… (line cut)") })
        }
    }

    @Test func theHistoryFoldsToTheRunAndItsHashesHold() async throws {
        try await bench.working { session async throws in
            #expect(
                try await session.run("workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }") == .succeeded)
            let bench = bench
            let report = try await session.journal.verify { record, entries in
                let workflow = try bench.load("workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }")
                var machine = RunMachine(
                    graph: RunGraph(workflow.definition) { bench.catalog[$0]?.reverting ?? .nothing })
                for entry in entries { for event in entry.events { try machine.apply(event, at: entry.at) } }
                return machine.status
            }
            #expect(report.faults.isEmpty)
        }
    }
}
