import Testing
import Workflow

/// Every event meets every state: it fits, or it is refused and the machine stays as it was.
@Suite struct EventTableTests {
    private static let a = InstanceID(0)
    private static let b = InstanceID(1)
    private static let by = MachineRun.operatorName
    private static let later = Timestamp(milliseconds: 2_000_000)

    /// Step `a`, in the state that the row's name says, and `b` after it.
    private static func states() throws -> [(String, MachineRun)] {
        let steps: [StepDefinition] = [.step("a"), .step("b", needs: [0])]
        func run(_ events: RunEvent...) throws -> MachineRun {
            var run = try MachineRun.begun(steps)
            for event in events { try run.apply(event) }
            return run
        }
        let start = RunEvent.attemptStarted(a, attempt: 1)
        let prepare = RunEvent.attemptPrepared(a, prior: .null)
        let broken = try run(start, prepare, .failed(a), .settled(.failed, outputs: [:]))
        var created = MachineRun(steps)
        try created.apply(.created(MachineRun.header()))
        var backingOff = broken
        try backingOff.apply(
            .rollbackRequested(by: by, reason: nil), .revertStarted(a, attempt: 1),
            .revertFailed(a, StepError(.transient, "busy"), retryAt: later))
        var rollingBack = broken
        try rollingBack.apply(.rollbackRequested(by: by, reason: nil))
        var reverting = rollingBack
        try reverting.apply(.revertStarted(a, attempt: 1))
        var rolledBack = reverting
        try rolledBack.apply(.reverted(a, left: []), .settled(.rolledBack, outputs: [:]))
        var rollbackFailed = reverting
        try rollbackFailed.apply(
            .revertFailed(a, StepError(.permanent, "stuck"), retryAt: nil), .settled(.rollbackFailed, outputs: [:]))
        return [
            ("new", MachineRun(steps)),
            ("created", created),
            ("pending", try run()),
            ("running", try run(start)),
            ("backingOff", try run(start, .failed(a, .transient, retryAt: later))),
            ("sleeping", try run(start, .waitStarted(a, .timer(until: later)))),
            ("approval", try run(start, .waitStarted(a, .approval(message: "go?", expires: later)))),
            ("signal", try run(start, .waitStarted(a, .signal(name: "s", expires: nil)))),
            ("sub-run", try run(start, .waitStarted(a, .run(RunID("r1.a"))))),
            ("a done", try run(start, .succeeded(a))),
            ("b done", try run(start, .succeeded(a), .attemptStarted(b, attempt: 1), .succeeded(b))),
            ("failed", broken),
            ("unknown", try run(start, prepare, .outcomeUnknown(a, reason: "lost"), .settled(.unknown, outputs: [:]))),
            ("cancelling", try run(start, .cancelRequested(by: by, reason: nil))),
            ("cancelled", try run(.cancelRequested(by: by, reason: nil), .settled(.cancelled, outputs: [:]))),
            (
                "succeeded",
                try run(
                    start, .succeeded(a), .attemptStarted(b, attempt: 1), .succeeded(b),
                    .settled(.succeeded, outputs: [:]))
            ),
            ("rollingBack", rollingBack),
            ("reverting", reverting),
            ("revertBackingOff", backingOff),
            ("rolledBack", rolledBack),
            ("rollbackFailed", rollbackFailed),
        ]
    }

    private static let events: [(String, RunEvent)] = [
        ("created", .created(MachineRun.header())),
        ("admitted", .admitted),
        ("items", .expanded(step: 0, items: [1])),
        ("when", .skipped(a, reason: "no", by: nil)),
        ("skip", .skipped(a, reason: "no", by: by)),
        ("start", .attemptStarted(a, attempt: 1)),
        ("start 2", .attemptStarted(a, attempt: 2)),
        ("start b", .attemptStarted(b, attempt: 1)),
        ("prior", .attemptPrepared(a, prior: 1)),
        ("ok", .succeeded(a)),
        ("fail", .failed(a)),
        ("interrupt", .attemptInterrupted(a, reason: "killed")),
        ("unknown", .outcomeUnknown(a, reason: "lost")),
        ("wait", .waitStarted(a, .timer(until: later))),
        ("timer", .timerFired(a)),
        ("signal", .signalReceived(name: "s", data: 1, by: by)),
        ("approve", .approved(a, by: by, reason: nil)),
        ("reject", .rejected(a, by: by, reason: "no")),
        ("adopt", .resolved(a, .adopt(output: [:]), by: by, reason: "seen")),
        ("cancel", .cancelRequested(by: by, reason: nil)),
        ("rollback", .rollbackRequested(by: by, reason: nil)),
        ("resume", .resumed(by: by)),
        ("retry", .retryRequested(from: nil, by: by)),
        ("retry a", .retryRequested(from: 0, by: by)),
        ("revert", .revertStarted(a, attempt: 1)),
        ("revert 2", .revertStarted(a, attempt: 2)),
        ("reverted", .reverted(a, left: [])),
        ("revertfail", .revertFailed(a, StepError(.permanent, "x"), retryAt: nil)),
        ("revertinterrupt", .revertInterrupted(a)),
        ("settle ok", .settled(.succeeded, outputs: [:])),
        ("settle failed", .settled(.failed, outputs: [:])),
        ("settle cancelled", .settled(.cancelled, outputs: [:])),
        ("no such step", .attemptStarted(InstanceID(7), attempt: 1)),
        ("no such item", .timerFired(InstanceID(0, item: 0))),
    ]

    @Test func everyEventInEveryState() throws {
        var table: [String] = []
        for (name, run) in try Self.states() {
            var fitting: [String] = []
            for (event, value) in Self.events {
                var machine = run.machine
                do throws(InvalidEvent) {
                    try machine.apply(value, at: run.now)
                    fitting.append(event)
                } catch {
                    #expect(machine == run.machine, "\(event) was refused in \(name), but changed the machine")
                }
            }
            table.append("\(name): \(fitting.joined(separator: ", "))")
        }
        #expect(table.joined(separator: "\n") == Self.expected)
    }

    private static let expected = """
        new: created
        created: admitted, signal, cancel
        pending: start, signal, cancel, rollback
        running: prior, ok, fail, interrupt, unknown, wait, signal, cancel, rollback
        backingOff: timer, signal, cancel, rollback
        sleeping: timer, signal, cancel, rollback
        approval: timer, signal, approve, reject, cancel, rollback
        signal: timer, signal, cancel, rollback
        sub-run: ok, fail, signal, cancel, rollback
        a done: start b, signal, cancel, rollback
        b done: signal, cancel, rollback, settle ok
        failed: skip, cancel, rollback, resume, retry, retry a
        unknown: skip, adopt, cancel
        cancelling: prior, ok, fail, interrupt, unknown, wait, cancel, rollback
        cancelled: skip, rollback, resume, retry, retry a
        succeeded: rollback, retry, retry a
        rollingBack: revert
        reverting: reverted, revertfail, revertinterrupt
        revertBackingOff: timer
        rolledBack:\u{20}
        rollbackFailed: rollback
        """

    @Test func storedFormsAreReadBackTheSame() throws {
        var events = Self.events.map(\.1)
        events += [
            .expanded(step: 2, items: [["a": 1.5], .null, "x", [true, 1]]),
            .attemptSucceeded(InstanceID(1, item: 3), output: ["o": ["p": .null]], sealed: "c2VhbGVk", changed: false),
            .failed(InstanceID(1, item: 0), .outcomeUnknown, retryAt: Self.later),
            .attemptFailed(Self.a, StepError(.conflict, "m", object: "o", remedy: "r"), retryAt: nil),
            .waitStarted(Self.a, .approval(message: "ok?", expires: nil)),
            .waitStarted(Self.a, .signal(name: "s", expires: Self.later)), .waitStarted(Self.a, .run(RunID("r1.a[0]"))),
            .resolved(Self.a, .redo, by: Self.by, reason: "safe"),
            .resolved(Self.a, .discard, by: Self.by, reason: "no"),
            .resolved(Self.a, .adopt(output: ["id": "7"]), by: Self.by, reason: "seen"),
            .cancelRequested(by: Self.by, reason: "late"), .reverted(Self.a, left: ["the volume v", "a secret"]),
            .revertFailed(Self.a, StepError(.timedOut, "slow"), retryAt: Self.later),
        ]
        events += RunStatus.allCases.map { .settled($0, outputs: ["x": "y"]) }
        for event in events {
            let text = try event.stored().canonicalJSON
            #expect(try RunEvent(stored: Value(json: text)) == event, "\(text)")
            var written: [UInt8] = []
            try event.store(to: &written)
            #expect(String(decoding: written, as: UTF8.self) == text)
            guard case .created(let header) = event else { continue }
            #expect(try event.stored() == ["created", Value(encoding: header)])
        }
    }

    @Test(arguments: [
        "null", "[]", "{}", "[\"later\",1]", "[\"start\"]", "[\"start\",0]", "[\"start\",[0],1]", "[\"ok\",0,[],1]",
        "[\"fail\",0,{\"kind\":\"odd\",\"message\":\"m\"},null]", "[\"settle\",\"asleep\",{}]",
        "[\"wait\",0,{\"moon\":{}}]",
    ])
    func whatIsNoEventIsRefused(_ text: String) throws {
        #expect(throws: InvalidEvent.self) { try RunEvent(stored: Value(json: text)) }
    }
}
