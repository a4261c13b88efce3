import Testing
import Workflow

@Suite struct RunMachineTests {
    private let by = MachineRun.operatorName
    private func id(_ step: Int, _ item: Int? = nil) -> InstanceID { InstanceID(step, item: item) }

    // MARK: - Order

    @Test func aStepStartsOnceAllItNeedsIsDone() throws {
        var run = try MachineRun.begun([
            .step("a"), .step("b"), .step("c", needs: [0, 1]), .step("d", needs: [2]), .step("e", needs: [2]),
        ])
        #expect(run.machine.next() == [.startAttempt(id(0), attempt: 1), .startAttempt(id(1), attempt: 1)])
        try run.proceed()
        try run.apply(.succeeded(id(0)))
        #expect(run.machine.next().isEmpty)
        try run.apply(.succeeded(id(1)))
        #expect(run.machine.next() == [.startAttempt(id(2), attempt: 1)])
        try run.proceed()
        try run.apply(.succeeded(id(2)))
        #expect(run.machine.next() == [.startAttempt(id(3), attempt: 1), .startAttempt(id(4), attempt: 1)])
        try run.proceed()
        try run.apply(.succeeded(id(4)), .succeeded(id(3)))
        #expect(run.machine.next() == [.settle(.succeeded)])
        #expect(try run.folded() == run.machine)
    }

    @Test func atMostTheAllowedNumberOfAttemptsRuns() throws {
        var run = try MachineRun.begun((0..<5).map { .step("s\($0)") }, parallel: 2)
        try run.proceed()
        #expect(run.states == "s0 running, s1 running, s2 pending, s3 pending, s4 pending")
        try run.apply(.succeeded(id(0)))
        try run.proceed()
        #expect(run.states == "s0 succeeded, s1 running, s2 running, s3 pending, s4 pending")
    }

    @Test func whatWaitsHoldsNoWorker() throws {
        var run = try MachineRun.begun([.step("a"), .step("b")], parallel: 1)
        try run.proceed()
        try run.apply(.waitStarted(id(0), .approval(message: "go?", expires: nil)))
        try run.proceed()
        #expect(run.states == "a waiting, b running")
    }

    @Test func aSkippedStepLetsTheNextOneStart() throws {
        var run = try MachineRun.begun([.step("a", when: true), .step("b", needs: [0])])
        #expect(run.machine.next() == [.evaluate(step: 0)])
        try run.apply(.skipped(id(0), reason: "no", by: nil))
        #expect(run.machine.next() == [.startAttempt(id(1), attempt: 1)])
    }

    @Test func anEmptyWorkflowSucceeds() throws {
        #expect(try MachineRun.begun([]).machine.next() == [.settle(.succeeded)])
    }

    // MARK: - for_each

    @Test func itemsRunWithinTheirLimit() throws {
        var run = try MachineRun.begun([.step("a", forEach: true, maxParallel: 2), .step("b", needs: [0])])
        try run.apply(.expanded(step: 0, items: [1, 2, 3, 4]))
        try run.proceed()
        #expect(run.states == "a[0] running, a[1] running, a[2] pending, a[3] pending, b pending")
        try run.apply(.failed(id(0, 1), .transient, retryAt: run.now))
        #expect(run.machine.next().isEmpty, "an item that waits for its next attempt keeps its place")
        try run.apply(.succeeded(id(0, 0)))
        try run.proceed()
        #expect(run.states == "a[0] succeeded, a[1] backingOff, a[2] running, a[3] pending, b pending")
        try run.apply(.timerFired(id(0, 1)))
        try run.proceed()
        try run.apply(.succeeded(id(0, 1)), .succeeded(id(0, 2)))
        try run.proceed()
        try run.apply(.succeeded(id(0, 3)))
        #expect(run.machine.next() == [.startAttempt(id(1), attempt: 1)])
        #expect(try run.folded() == run.machine)
    }

    @Test func noItemsMeanDone() throws {
        var run = try MachineRun.begun([.step("a", forEach: true), .step("b", needs: [0])])
        try run.apply(.expanded(step: 0, items: []))
        #expect(run.machine.next() == [.startAttempt(id(1), attempt: 1)])
    }

    @Test func resumeDoesOnlyTheItemsThatAreNotDone() throws {
        var run = try MachineRun.begun([.step("a", forEach: true, maxParallel: 1)])
        try run.apply(.expanded(step: 0, items: [1, 2, 3]))
        try run.proceed()
        try run.apply(.succeeded(id(0, 0)))
        try run.proceed()
        try run.apply(.attemptPrepared(id(0, 1), prior: .null), .failed(id(0, 1)))
        try run.proceed()
        #expect(run.machine.status == .failed)
        try run.apply(.resumed(by: by))
        try run.proceed()
        #expect(run.states == "a[0] succeeded, a[1] running, a[2] pending")
        try run.apply(.succeeded(id(0, 1)))
        try run.proceed()
        try run.apply(.succeeded(id(0, 2)))
        #expect(run.machine.next() == [.settle(.succeeded)])
    }

    // MARK: - Failure

    @Test func afterAFailureWhatRunsEndsAndNothingStarts() throws {
        var run = try MachineRun.begun([.step("a"), .step("b"), .step("c", needs: [1])])
        try run.proceed()
        try run.apply(.failed(id(0)))
        #expect(run.machine.next().isEmpty)
        try run.apply(.succeeded(id(1)))
        #expect(run.machine.next() == [.settle(.failed)])
        try run.proceed()
        #expect(run.states == "a failed, b succeeded, c pending")
    }

    @Test func resumeStartsWhatFailedWithANewBudget() throws {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0]), .step("c")])
        try run.proceed()
        try run.apply(.succeeded(id(0)), .failed(id(2), .transient, retryAt: run.now))
        try run.proceed()
        try run.apply(.failed(id(1)))
        try run.proceed()
        #expect(run.states == "a succeeded, b failed, c backingOff")
        try run.apply(.resumed(by: by))
        #expect(run.machine[id(1)].failures == 0)
        #expect(run.machine[id(2)].failures == 0)
        try run.proceed()
        #expect(run.states == "a succeeded, b running, c running")
        #expect(run.machine[id(1)].attempts == 2)
        #expect(try run.folded() == run.machine)
    }

    @Test func retryFromAStepDoesItAndAllAfterItAnew() throws {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0]), .step("c", needs: [1]), .step("d")])
        try run.proceed()
        try run.apply(.failed(id(3)), .succeeded(id(0)))
        try run.proceed()
        try run.apply(.retryRequested(from: nil, by: by))
        try run.finish(3, 1, 2)
        #expect(run.machine.status == .succeeded)
        try run.apply(.retryRequested(from: 1, by: by))
        #expect(run.states == "a succeeded, b pending, c pending, d succeeded")
        #expect(run.machine[id(1)].effect == .certain, "what it did is not forgotten")
        try run.finish(1, 2)
        #expect(run.machine.status == .succeeded)
    }

    @Test func retryFromAStepAlsoGoesOnWithWhatFailedElsewhere() throws {
        var run = try MachineRun.begun([.step("a"), .step("b")])
        try run.proceed()
        try run.apply(.succeeded(id(0)), .failed(id(1)))
        try run.proceed()
        try run.apply(.retryRequested(from: 0, by: by))
        try run.proceed()
        #expect(run.states == "a running, b running")
    }

    @Test func aFailedConditionIsEvaluatedAgainAfterResume() throws {
        var run = try MachineRun.begun([.step("a", when: true), .step("b", forEach: true)])
        try run.apply(
            .attemptStarted(id(0), attempt: 1), .failed(id(0)), .expanded(step: 1, items: [.null]),
            .attemptStarted(id(1, 0), attempt: 1), .failed(id(1, 0)))
        try run.proceed()
        try run.apply(.resumed(by: by))
        #expect(run.machine.next() == [.evaluate(step: 0), .evaluate(step: 1)])
        #expect(try run.folded() == run.machine)
    }

    @Test func aStepCanBeSkippedByHand() throws {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0]), .step("c", forEach: true, when: true)])
        try run.apply(.expanded(step: 2, items: []))
        try run.proceed()
        try run.apply(.failed(id(0)))
        try run.proceed()
        try run.apply(.skipped(id(0), reason: "not needed", by: by))
        #expect(run.machine.status == .failed)
        try run.apply(.resumed(by: by))
        #expect(run.machine.next() == [.startAttempt(id(1), attempt: 1)])
    }

    // MARK: - Doubt

    @Test func anInterruptedAttemptIsInDoubtOnceItMayHaveApplied() throws {
        var run = try MachineRun.begun([.step("a")])
        try run.proceed()
        try run.apply(.attemptInterrupted(id(0), reason: "killed"))
        #expect(!run.machine[id(0)].isInDoubt)
        try run.proceed()
        try run.apply(.attemptPrepared(id(0), prior: 7), .attemptInterrupted(id(0), reason: "killed"))
        #expect(run.machine[id(0)].isInDoubt)
        try run.proceed()
        try run.apply(.attemptInterrupted(id(0), reason: "killed while it looked"))
        #expect(run.machine[id(0)].isInDoubt, "nobody has looked yet")
        try run.proceed()
        try run.apply(.attemptPrepared(id(0), prior: 8))
        #expect(!run.machine[id(0)].isInDoubt)
        #expect(run.machine[id(0)].prior == 7, "what was there before the first change")
        #expect(run.machine[id(0)].attempts == 4)
    }

    @Test(arguments: [StepError.Kind.timedOut, .outcomeUnknown, .cancelled, .transient, .permanent, .conflict])
    func anAttemptThatEndsInMidApplyIsInDoubt(_ kind: StepError.Kind) throws {
        let expected = [.timedOut, .outcomeUnknown, .cancelled].contains(kind)
        var run = try MachineRun.begun([.step("a")])
        try run.proceed()
        try run.apply(.failed(id(0), kind, retryAt: run.now))
        #expect(!run.machine[id(0)].isInDoubt)
        try run.apply(.timerFired(id(0)))
        try run.proceed()
        try run.apply(.attemptPrepared(id(0), prior: .null), .failed(id(0), kind))
        #expect(run.machine[id(0)].isInDoubt == expected)
    }

    private func unknown() throws -> MachineRun {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0]), .step("c")])
        try run.proceed()
        try run.apply(.attemptPrepared(id(0), prior: 7), .outcomeUnknown(id(0), reason: "the reply was lost"))
        #expect(run.machine.next().isEmpty, "c still runs")
        try run.apply(.succeeded(id(2)))
        try run.proceed()
        #expect(run.machine.status == .unknown)
        #expect(throws: InvalidEvent.self) { try run.apply(.resumed(by: by)) }
        #expect(throws: InvalidEvent.self) { try run.apply(.rollbackRequested(by: by, reason: nil)) }
        return run
    }

    @Test func anUnknownOutcomeIsAdopted() throws {
        var run = try unknown()
        try run.apply(.resolved(id(0), .adopt(output: ["id": "x"]), by: by, reason: "seen"), .resumed(by: by))
        #expect(run.machine[id(0)].output == ["id": "x"])
        #expect(run.machine[id(0)].effect == .certain)
        #expect(run.machine.next() == [.startAttempt(id(1), attempt: 1)])
    }

    @Test func anUnknownOutcomeIsDoneAgain() throws {
        var run = try unknown()
        try run.apply(.resolved(id(0), .redo, by: by, reason: "safe"), .resumed(by: by))
        #expect(run.machine.next() == [.startAttempt(id(0), attempt: 2)])
        #expect(!run.machine[id(0)].isInDoubt)
        #expect(run.machine[id(0)].effect == .possible)
        #expect(run.machine[id(0)].prior == 7)
    }

    @Test func anUnknownOutcomeIsDiscarded() throws {
        var run = try unknown()
        try run.apply(.resolved(id(0), .discard, by: by, reason: "not there"), .resumed(by: by))
        #expect(run.machine[id(0)].effect == .none)
        #expect(run.machine[id(0)].prior == nil)
        #expect(try run.folded() == run.machine)
    }

    @Test func discardingForgetsNoEarlierEffect() throws {
        var run = try MachineRun.begun([.step("a")])
        try run.finish(0)
        try run.apply(.retryRequested(from: 0, by: by))
        try run.proceed()
        try run.apply(.attemptPrepared(id(0), prior: 7), .attemptInterrupted(id(0), reason: "killed"))
        try run.proceed()
        try run.apply(.outcomeUnknown(id(0), reason: "lost"))
        try run.proceed()
        try run.apply(.resolved(id(0), .discard, by: by, reason: "no"))
        #expect(run.machine[id(0)].effect == .certain)
    }

    @Test func anUnknownOutcomeCanBeSkipped() throws {
        var run = try unknown()
        try run.apply(.skipped(id(0), reason: "done by hand", by: by))
        #expect(run.machine.status == .failed)
        try run.apply(.resumed(by: by))
        #expect(run.machine.next() == [.startAttempt(id(1), attempt: 1)])
    }

    // MARK: - Waiting

    @Test func aSignalIsKeptUntilAStepWaitsForIt() throws {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0])])
        try run.apply(
            .signalReceived(name: "other", data: 1, by: by), .signalReceived(name: "go", data: 2, by: by),
            .signalReceived(name: "go", data: 3, by: by))
        try run.proceed()
        try run.apply(.waitStarted(id(0), .signal(name: "go", expires: nil)))
        #expect(run.machine[id(0)].output == ["data": 2, "by": "ada@host"])
        try run.proceed()
        try run.apply(.waitStarted(id(1), .signal(name: "later", expires: nil)))
        #expect(run.states == "a succeeded, b waiting")
        try run.apply(.signalReceived(name: "later", data: "x", by: by))
        #expect(run.machine[id(1)].output?["data"] == "x")
        #expect(run.machine.signals.map(\.data) == [1, 3])
        #expect(try run.folded() == run.machine)
    }

    @Test func anApprovalIsGivenRefusedOrExpires() throws {
        func asked() throws -> MachineRun {
            var run = try MachineRun.begun([.step("a")])
            try run.proceed()
            try run.apply(.waitStarted(id(0), .approval(message: "go?", expires: run.now)))
            return run
        }
        var given = try asked()
        #expect(given.machine.timers.map(\.at) == [given.machine[id(0)].deadline])
        try given.apply(.approved(id(0), by: by, reason: "fine"))
        #expect(given.machine[id(0)].output == ["approved": true, "by": "ada@host", "reason": "fine"])
        var refused = try asked()
        try refused.apply(.rejected(id(0), by: by, reason: "too late"))
        #expect(refused.machine[id(0)].failure?.message == "rejected by ada@host: too late")
        #expect(refused.machine.next() == [.settle(.failed)])
        var expired = try asked()
        try expired.apply(.timerFired(id(0)))
        #expect(expired.states == "a failed")
        try expired.proceed()
        try expired.apply(.resumed(by: by))
        #expect(expired.machine.next() == [.startAttempt(id(0), attempt: 2)])
    }

    // MARK: - Cancelling

    @Test func cancellingWaitsForWhatRunsAndResumeGoesOn() throws {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0]), .step("c")])
        try run.proceed()
        try run.apply(.waitStarted(id(2), .timer(until: run.now)), .cancelRequested(by: by, reason: nil))
        #expect(run.machine.next().isEmpty)
        try run.apply(.failed(id(0), .cancelled))
        #expect(run.machine.next() == [.settle(.cancelled)])
        try run.proceed()
        #expect(run.states == "a cancelled, b cancelled, c cancelled")
        #expect(run.machine.timers.isEmpty)
        try run.apply(.resumed(by: by))
        try run.proceed()
        #expect(run.states == "a running, b pending, c running")
    }

    @Test func aStepThatCallsItselfCancelledInARunThatGoesOnHasFailed() throws {
        var run = try MachineRun.begun([.step("a")])
        try run.proceed()
        try run.apply(.failed(id(0), .cancelled))
        #expect(run.machine.next() == [.settle(.failed)])
    }

    // MARK: - Rollback

    /// a → b → d, a → c → d; all done but d, which failed half-way.
    private func diamond(_ change: (inout [StepDefinition]) -> Void = { _ in }) throws -> MachineRun {
        var steps: [StepDefinition] = [
            .step("a"), .step("b", needs: [0]), .step("c", needs: [0]), .step("d", needs: [1, 2]),
        ]
        change(&steps)
        var run = try MachineRun.begun(steps)
        try run.finish(0, 1)
        try run.apply(.attemptPrepared(id(2), prior: .null), .succeeded(id(2)))
        try run.proceed()
        try run.apply(.attemptPrepared(id(3), prior: .null), .failed(id(3)))
        return run
    }

    @Test func aRollbackRevertsInReverseOrderAndSideBySideWhereItCan() throws {
        var run = try diamond()
        try run.proceed()
        try run.apply(.rollbackRequested(by: by, reason: nil))
        #expect(run.machine.next() == [.startRevert(id(3), attempt: 1)])
        try run.proceed()
        try run.apply(.reverted(id(3), left: []))
        try run.proceed()
        #expect(run.states == "a succeeded, b reverting, c reverting, d reverted")
        try run.apply(.reverted(id(2), left: ["a volume"]))
        #expect(run.machine.next().isEmpty)
        try run.apply(.reverted(id(1), left: []))
        try run.proceed()
        try run.apply(.reverted(id(0), left: []))
        #expect(run.machine.next() == [.settle(.rolledBack)])
        #expect(run.machine[id(2)].left == ["a volume"])
        #expect(try run.folded() == run.machine)
    }

    @Test func whatWasThereBeforeIsNotReverted() throws {
        var run = try MachineRun.begun([.step("a"), .step("b", needs: [0]), .step("c", needs: [1], uses: "reader")])
        try run.proceed()
        try run.apply(.succeeded(id(0), changed: false))
        try run.finish(1, 2)
        try run.apply(.rollbackRequested(by: by, reason: nil))
        try run.proceed()
        #expect(run.states == "a succeeded, b reverting, c succeeded")
        try run.apply(.reverted(id(1), left: []))
        try run.proceed()
        #expect(run.machine.status == .rolledBack)
    }

    @Test func aRollbackKeepsToTheLimitOfItems() throws {
        var run = try MachineRun.begun([.step("a", forEach: true, maxParallel: 2)])
        try run.apply(.expanded(step: 0, items: [1, 2, 3, 4, 5]))
        for item in 0..<5 {
            try run.proceed()
            try run.apply(.attemptPrepared(id(0, item), prior: .null), .succeeded(id(0, item), changed: item != 1))
        }
        try run.proceed()
        try run.apply(.rollbackRequested(by: by, reason: nil))
        try run.proceed()
        #expect(run.states == "a[0] reverting, a[1] succeeded, a[2] reverting, a[3] succeeded, a[4] succeeded")
        let error = StepError(.transient, "it broke")
        try run.apply(.revertFailed(id(0, 0), error, retryAt: run.now))
        #expect(run.machine.next().isEmpty, "an item that waits for its next attempt keeps its place")
        try run.apply(.reverted(id(0, 2), left: []))
        try run.proceed()
        #expect(run.machine[id(0, 3)].phase == .reverting && run.machine[id(0, 4)].phase == .succeeded)
        try run.apply(.timerFired(id(0, 0)))
        try run.proceed()
        try run.apply(.revertFailed(id(0, 0), error, retryAt: nil))
        try run.proceed()
        #expect(run.machine[id(0, 4)].phase == .reverting, "one that has failed makes room for the next")
        try run.apply(.reverted(id(0, 3), left: []), .reverted(id(0, 4), left: []))
        #expect(run.machine.next() == [.settle(.rollbackFailed)])
        #expect(try run.folded() == run.machine)
    }

    @Test func anOutlineTellsWhatARollbackWouldDo() throws {
        var run = try diamond { $0[1] = .step("b", needs: [0], revert: .keep) }
        #expect(
            try run.machine.rollbackOutline().items.map { "\(run.machine.graph.name(of: $0.instance)) \($0.fate)" }
                == ["d reverted", "c reverted", "a reverted", "b kept"])
        try run.proceed()
        let before = run.machine
        #expect(try run.machine.rollbackOutline().isUnderWay == false)
        #expect(run.machine == before)

        var final = try MachineRun.begun([.step("a"), .step("b", needs: [0], uses: "final"), .step("c", needs: [1])])
        try final.finish(0, 1)
        try final.apply(.attemptPrepared(id(2), prior: .null))
        let outline = try final.machine.rollbackOutline()
        #expect(outline.isUnderWay, "c is being done")
        #expect(
            outline.items.map { "\(final.machine.graph.name(of: $0.instance)) \($0.fate)" }
                == ["c reverted", "a underFinal", "b final"])
        try final.apply(.succeeded(id(2)))
        try final.proceed()
        try final.apply(.rollbackRequested(by: by, reason: nil))
        #expect(throws: InvalidEvent.self) { try final.machine.rollbackOutline() }
    }

    @Test func keptStepsArePassedOver() throws {
        var run = try diamond { $0[1] = .step("b", needs: [0], revert: .keep) }
        try run.proceed()
        try run.apply(.rollbackRequested(by: by, reason: nil))
        try run.proceed()
        try run.apply(.reverted(id(3), left: []))
        try run.proceed()
        try run.apply(.reverted(id(2), left: []))
        try run.proceed()
        try run.apply(.reverted(id(0), left: []))
        try run.proceed()
        #expect(run.states == "a reverted, b succeeded, c reverted, d reverted")
        #expect(run.machine.status == .rolledBack)
    }

    @Test(arguments: [StepDefinition.step("b", needs: [0], uses: "final"), .step("b", needs: [0], revert: .never)])
    func aRollbackStopsBeforeAPointOfNoReturn(_ step: StepDefinition) throws {
        var run = try diamond { $0[1] = step }
        try run.proceed()
        try run.apply(.rollbackRequested(by: by, reason: nil))
        try run.proceed()
        try run.apply(.reverted(id(3), left: []))
        try run.proceed()
        #expect(run.states == "a succeeded, b succeeded, c reverting, d reverted")
        try run.apply(.reverted(id(2), left: []))
        #expect(run.machine.next() == [.settle(.rollbackFailed)])
    }

    @Test func aFailureRollsBackByItselfWhereTheWorkflowSaysSo() throws {
        var run = try MachineRun.begun(
            [.step("a"), .step("b", needs: [0]), .step("gate", needs: [0])], onFailure: .rollback)
        try run.finish(0)
        try run.apply(
            .waitStarted(id(2), .approval(message: "?", expires: nil)), .attemptPrepared(id(1), prior: .null),
            .failed(id(1)))
        #expect(run.machine.next() == [.beginRollback])
        try run.proceed()
        #expect(run.states == "a succeeded, b reverting, gate cancelled")
        try run.apply(.reverted(id(1), left: []))
        try run.proceed()
        try run.apply(.reverted(id(0), left: []))
        try run.proceed()
        #expect(run.machine.status == .rolledBack)
    }

    @Test func aRollbackOfARunningRunWaitsForItsAttempts() throws {
        var run = try MachineRun.begun([.step("a"), .step("b")])
        try run.proceed()
        try run.apply(.succeeded(id(0)), .attemptPrepared(id(1), prior: .null), .rollbackRequested(by: by, reason: nil))
        #expect(run.machine.status == .cancelling)
        try run.apply(.failed(id(1), .cancelled))
        #expect(run.machine.status == .rollingBack)
        try run.proceed()
        #expect(run.states == "a reverting, b reverting")
    }

    @Test func aRollbackDoesNotBeginOverAnUnknownOutcome() throws {
        var run = try MachineRun.begun([.step("a")])
        try run.proceed()
        try run.apply(
            .attemptPrepared(id(0), prior: .null), .rollbackRequested(by: by, reason: nil),
            .outcomeUnknown(id(0), reason: "lost"))
        #expect(run.machine.next() == [.settle(.unknown)])
        try run.proceed()
        try run.apply(
            .resolved(id(0), .adopt(output: [:]), by: by, reason: ""), .rollbackRequested(by: by, reason: nil))
        #expect(run.machine.next() == [.startRevert(id(0), attempt: 1)])
    }

    @Test func aFailedRevertIsTriedAgainAndThenByHand() throws {
        var run = try diamond()
        try run.proceed()
        try run.apply(.rollbackRequested(by: by, reason: nil))
        try run.proceed()
        let error = StepError(.transient, "busy")
        try run.apply(.revertFailed(id(3), error, retryAt: run.now))
        #expect(run.machine.next().isEmpty)
        try run.apply(.timerFired(id(3)))
        #expect(run.machine.next() == [.startRevert(id(3), attempt: 2)])
        try run.proceed()
        try run.apply(.revertInterrupted(id(3)))
        #expect(run.machine.next() == [.startRevert(id(3), attempt: 3)])
        try run.proceed()
        try run.apply(.revertFailed(id(3), error, retryAt: nil))
        #expect(run.machine.next() == [.settle(.rollbackFailed)])
        try run.proceed()
        try run.apply(.rollbackRequested(by: by, reason: nil))
        #expect(run.machine.next() == [.startRevert(id(3), attempt: 4)])
        #expect(try run.folded() == run.machine)
    }
}
