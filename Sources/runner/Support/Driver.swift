import Foundation
import Workflow

/// Gets requests done: by driving the runs in this process, or, where another one does, through it.
struct Driver {
    let session: Session
    /// How long a lease lasts without a sign of life.
    private static let lease = Duration.seconds(15)
    private static let pause = Duration.milliseconds(50)

    /// Asks for something that takes no time, such as an approval. Drives nothing.
    func submit(_ request: EngineRequest) async throws {
        if let lease = try await acquire() {
            return try await withEngine(under: lease) { engine in
                try await check(await engine.submit(request), request.run)
            }
        }
        let id = try await session.journal.submit(request, at: session.time.now())
        while true {
            if let answer = try await session.journal.answer(to: id) { return try await check(answer, request.run) }
            if let lease = try await acquire() {
                // The owner has ended: the engine of this process finds the request, and answers it.
                return try await withEngine(under: lease) { _ in try await answer(to: id, request.run) }
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Asks for something and follows the run until it does nothing more by itself.
    ///
    /// - Parameter workflow: The run's, where it was read already.
    /// - Returns: Its status then.
    func drive(_ request: EngineRequest, of workflow: Workflow? = nil, view: any RunView) async throws -> RunStatus {
        let follower = Follower(session: session, run: request.run, view: view)
        try await follower.catchUp()
        if let lease = try await acquire() {
            return try await own(follower, under: lease) { engine in
                if let workflow { engine.know(workflow) }
                try await check(await engine.submit(request), request.run)
            }
        }
        if let owner = try await session.owner() {
            Terminal.note("\(owner) drives the runs of this database, and was asked to do this")
        }
        let id = try await session.journal.submit(request, at: session.time.now())
        while true {
            if let answer = try await session.journal.answer(to: id) {
                try await check(answer, request.run)
                return try await follow(follower)
            }
            if let lease = try await acquire() {
                // The engine of this process finds the request, and answers it.
                Terminal.note("that process has ended: going on here")
                return try await own(follower, under: lease) { _ in try await answer(to: id, request.run) }
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func check(_ answer: EngineAnswer, _ run: RunID) async throws {
        if case .refused(let reason) = answer {
            try Task.checkCancellation()  // An engine that is being stopped refuses everything.
            let isKnown = try await !session.journal.runs(RunQuery(id: run)).isEmpty
            throw CommandFailure(
                .waits, "refused: \(reason)",
                fix: isKnown
                    ? "see 'runner show \(run)' for what fits its state" : "nothing was started; see 'runner runs'")
        }
        try await sayWhatHoldsBack(run)
    }

    /// A run that its concurrency group holds back may have long to wait.
    private func sayWhatHoldsBack(_ run: RunID) async throws {
        guard let record = try await session.journal.runs(RunQuery(id: run)).first, record.status == .pending,
            let group = record.group
        else { return }
        var query = RunQuery.unsettled
        query.group = group
        for holder in try await session.journal.runs(query) where holder.status != .pending {
            Terminal.note(
                "run \(run) waits for run \(holder.id) of its group '\(group)' to end; see 'runner show \(holder.id)'")
        }
    }

    private func answer(to id: Int, _ run: RunID) async throws {
        while true {
            if let answer = try await session.journal.answer(to: id) { return try await check(answer, run) }
            try await Task.sleep(for: Self.pause)
        }
    }

    // MARK: - As the owner

    /// The lease, where nobody else has it.
    private func acquire() async throws -> Lease? {
        do {
            return try await session.journal.acquireLease(
                for: .current(session.environment), at: session.time.now(), lasting: Self.lease, isAlive: Owner.isAlive)
        } catch let error as JournalError where error.code == .leaseHeld {
            return nil
        }
    }

    /// Has whatever the body asks for done by whoever drives: this process, or the one that does already.
    ///
    /// - Parameter body: Gets the way to ask.
    /// - Returns: Nil where the other process has ended before the body: what it was asked for may not be done.
    func ask<T: Sendable>(_ body: @escaping @Sendable (@escaping Ask) async throws -> T) async throws -> T? {
        if let lease = try await acquire() {
            let result = try await withEngine(under: lease) { engine in
                try await body { request in await engine.submit(request) }
            }
            if Task.isCancelled { throw Stopped(advice: "all that was done is kept; the same command goes on") }
            return result
        }
        if let owner = try await session.owner() {
            Terminal.note("\(owner) drives the runs of this database, and is asked to do this")
        }
        let result = await withTaskGroup(of: Result<T?, any Error>.self) { group in
            group.addTask { await Result(catching: { try await body(askOwner) }) }
            group.addTask { await Result(catching: { try await untilNobodyDrives() }) }
            defer { group.cancelAll() }
            return await group.next() ?? .success(nil)
        }
        guard !Task.isCancelled else {
            throw Stopped(advice: "what was begun goes on in the process that drives it; the same command joins in")
        }
        return try result.get()
    }

    private func untilNobodyDrives<T>() async throws -> T? {
        while try await session.owner() != nil { try await Task.sleep(for: Self.pause) }
        return nil
    }

    /// Gets one request to whoever drives, and gives its answer.
    typealias Ask = @Sendable (EngineRequest) async throws -> EngineAnswer

    private func askOwner(_ request: EngineRequest) async throws -> EngineAnswer {
        let id = try await session.journal.submit(request, at: session.time.now())
        while true {
            if let answer = try await session.journal.answer(to: id) { return answer }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Waits until nothing is asked for that has no answer: what a process that has ended was asked for is taken up by
    /// the next.
    func untilAllIsAnswered() async throws {
        // One that this version cannot read is for another.
        while try await session.journal.pendingRequests().contains(where: { $0.request != nil }) {
            try await Task.sleep(for: Self.pause)
        }
    }

    private func own(
        _ follower: Follower, under lease: Lease, begin: (Engine) async throws -> Void
    ) async throws -> RunStatus {
        let run = follower.run
        let status = try await withEngine(under: lease) { engine in
            try await begin(engine)
            let status = try await follow(follower, under: engine)
            if status != nil, !Task.isCancelled { await finishOthers(engine, besides: run) }
            return status
        }
        if let status { return status }
        // What the engine wrote as it ended.
        if let status = try await follower.step(), status.isSettled { return status }
        guard Task.isCancelled else {
            throw CommandFailure(.tryLater, "the engine stopped before the run was done", fix: "runner resume \(run)")
        }
        throw Stopped(advice: "all that was done is kept. Go on with: runner resume \(run)")
    }

    /// Shows what the engine does with the run.
    ///
    /// - Returns: Its status once it is settled; nil where the engine stops before.
    private func follow(_ follower: Follower, under engine: Engine) async throws -> RunStatus? {
        let isOver = Locked(false)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let run = follower.run
            group.addTask {
                _ = await engine.settled(run)
                isOver.with { $0 = true }
            }
            while true {
                // Asked for first, so that the last look sees all there is.
                let isLast = isOver.with { $0 }
                if let status = try await follower.step(), status.isSettled { return status }
                if isLast { return nil }
                do { try await Task.sleep(for: Self.pause) } catch { return nil }
            }
        }
    }

    /// Runs that other processes have asked for meanwhile are not left alone while something of them is at work.
    private func finishOthers(_ engine: Engine, besides run: RunID) async {
        let others = await engine.atWork()
        guard !others.isEmpty else { return }
        Terminal.note(
            "run \(run) is done; going on with \(others.map(\.rawValue).joined(separator: ", ")), which other processes "
                + "have asked for (to leave earlier: Ctrl-C)")
        await engine.quiet()
    }

    /// Runs an engine for as long as the body takes. Where this task is cancelled, the engine stops in good order.
    private func withEngine<T: Sendable>(
        under lease: Lease, _ body: (Engine) async throws -> T
    ) async throws -> T {
        let engine: Engine
        do {
            engine = Engine(
                journal: session.journal, catalog: session.catalog, sealer: try session.home.sealer(),
                time: session.time,
                configuration: Engine.Configuration(
                    dataDirectory: session.home.dataDirectory, lease: Self.lease, recovery: .onDemand))
        } catch {
            try await session.journal.release(lease)
            throw error
        }
        let running = Task { try await engine.run(under: lease) }
        let result: Result<T, any Error>
        do {
            result = .success(
                try await withTaskCancellationHandler {
                    try await body(engine)
                } onCancel: {
                    engine.stop()
                })
        } catch {
            result = .failure(error)
        }
        engine.stop()
        // Where the journal failed, that is what there is to say, and the lease runs out by itself.
        try await running.value
        try await session.journal.release(lease)
        return try result.get()
    }

    // MARK: - Beside an owner

    /// Follows a run that another process drives, and takes over where that ends first.
    private func follow(_ follower: Follower) async throws -> RunStatus {
        while true {
            if let status = try await follower.step(), status.isSettled { return status }
            if let lease = try await acquire() {
                // The owner may have settled it just before it left; now that nobody else writes, this look is the last.
                if let status = try await follower.step(), status.isSettled {
                    try await session.journal.release(lease)
                    return status
                }
                Terminal.note("nobody drives the run any more: going on with it here")
                let request = EngineRequest.resume(follower.run, by: session.actor, sealedSecrets: nil)
                return try await own(follower, under: lease) { engine in
                    try await check(await engine.submit(request), request.run)
                }
            }
            do { try await Task.sleep(for: Self.pause) } catch {
                throw Stopped(advice: "run \(follower.run) goes on in the process that drives it")
            }
        }
    }
}

extension Result where Failure == any Error {
    /// What the body gives or throws.
    fileprivate init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
