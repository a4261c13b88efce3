import Dispatch
import Foundation
import Workflow

/// Gets requests done: by driving the runs in this process, or, where another one does, through it.
struct Driver {
    let session: Session
    /// How long a lease lasts without a sign of life.
    private static let lease = Duration.seconds(15)
    private static let pause = Duration.milliseconds(100)

    /// Asks for something that takes no time, such as an approval. Drives nothing.
    func submit(_ request: EngineRequest) async throws {
        guard let lease = try await acquire() else { return try await ask(request) }
        try await withEngine(under: lease) { engine in try Self.check(await engine.submit(request)) }
    }

    /// Asks for something and follows the run until it does nothing more by itself.
    ///
    /// - Returns: Its status then.
    func drive(_ request: EngineRequest, view: any RunView) async throws -> RunStatus {
        let run = request.run
        let follower = Follower(session: session, run: run)
        try await follower.catchUp()
        if let lease = try await acquire() {
            return try await own(run, under: lease, follower, view) { engine in try Self.check(await engine.submit(request)) }
        }
        if let owner = try await session.owner() { Terminal.note("\(owner) drives the runs of this database; it was asked to") }
        try await ask(request)
        return try await follow(run, follower, view)
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

    private func own(
        _ run: RunID, under lease: Lease, _ follower: Follower, _ view: any RunView, begin: (Engine) async throws -> Void
    ) async throws -> RunStatus {
        try await withEngine(under: lease) { engine in
            let signals = StopSignals { engine.stop() }
            defer { signals.cancel() }
            try await begin(engine)
            let status = try await withThrowingTaskGroup(of: RunStatus?.self) { group in
                group.addTask {
                    try await follower.follow(view: view, pause: Self.pause)
                    return nil
                }
                let status = await engine.settled(run)
                // It has a last look at what became durable, and ends by itself unless the run was stopped half-way.
                if status == nil { group.cancelAll() }
                do {
                    try await group.waitForAll()
                } catch is CancellationError {
                    return status
                }
                return status
            }
            if let signal = signals.received {
                Terminal.note("stopped by \(signal.name); all that was done is kept. Go on with: runner resume \(run)")
                throw signal.status
            }
            guard let status else {
                throw CommandFailure(
                    .tryLater, "the engine stopped before the run was done", fix: "runner resume \(run)")
            }
            await finishOthers(engine)
            return status
        }
    }

    /// Runs that other processes have asked for meanwhile are not left alone.
    private func finishOthers(_ engine: Engine) async {
        await engine.idle()
    }

    private func withEngine<T: Sendable>(
        under lease: Lease, _ body: (Engine) async throws -> T
    ) async throws -> T {
        let engine = Engine(
            journal: session.journal, catalog: session.catalog, sealer: try session.home.sealer(), time: session.time,
            configuration: Engine.Configuration(
                dataDirectory: session.home.dataDirectory, lease: Self.lease, recovery: .onDemand))
        let running = Task { try await engine.run(under: lease) }
        let result: Result<T, any Error>
        do {
            result = .success(try await body(engine))
        } catch {
            result = .failure(error)
        }
        engine.stop()
        // Where the journal failed, that is what there is to say, and the lease runs out by itself.
        try await running.value
        try await session.journal.release(lease)
        return try result.get()
    }

    private static func check(_ answer: EngineAnswer) throws {
        if case .refused(let reason) = answer {
            throw CommandFailure(.waits, "refused: \(reason)", fix: "see 'runner show RUN' for what fits its state")
        }
    }

    // MARK: - Beside an owner

    /// Leaves the request for the owner and waits for its answer.
    private func ask(_ request: EngineRequest) async throws {
        let id = try await session.journal.submit(request, at: session.time.now())
        while true {
            if let answer = try await session.journal.answer(to: id) { return try Self.check(answer) }
            if let lease = try await acquire() {
                // The owner has ended: the request is answered by the engine of this process, which finds it.
                return try await withEngine(under: lease) { _ in try await answer(to: id) }
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func answer(to id: Int) async throws {
        while true {
            if let answer = try await session.journal.answer(to: id) { return try Self.check(answer) }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Follows a run that another process drives, and takes over where that ends first.
    private func follow(_ run: RunID, _ follower: Follower, _ view: any RunView) async throws -> RunStatus {
        while true {
            if let status = try await follower.step(view: view), status.isSettled { return status }
            if let lease = try await acquire() {
                Terminal.note("nobody drives the run any more: going on with it here")
                let actor = session.actor
                return try await own(run, under: lease, follower, view) { engine in
                    // It may have been settled at the last moment, and then there is nothing to resume.
                    _ = await engine.submit(.resume(run, by: actor, sealedSecrets: nil))
                }
            }
            try await Task.sleep(for: Self.pause)
        }
    }
}

/// SIGINT and SIGTERM: the first stops the engine in good order, the second ends the program at once.
final class StopSignals: @unchecked Sendable {  // The sources are made once and only cancelled; Dispatch allows that from anywhere.
    struct Received: Sendable {
        let name: String
        let status: ExitStatus
    }

    private let sources: [any DispatchSourceSignal]
    private let first = FirstValue<Received>()

    init(stop: @escaping @Sendable () -> Void) {
        var sources: [any DispatchSourceSignal] = []
        for (number, received) in [
            (SIGINT, Received(name: "SIGINT", status: .interrupted)),
            (SIGTERM, Received(name: "SIGTERM", status: .terminated)),
        ] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [first] in
                guard first.set(received) else { Foundation.exit(received.status.rawValue) }
                stop()
            }
            source.resume()
            sources.append(source)
        }
        self.sources = sources
    }

    var received: Received? { first.value }

    func cancel() { for source in sources { source.cancel() } }
}

/// A value that is set once.
final class FirstValue<Value: Sendable>: @unchecked Sendable {  // The lock guards `stored`.
    private let lock = NSLock()
    private var stored: Value?

    var value: Value? { lock.withLock { stored } }

    /// - Returns: Whether this was the first.
    func set(_ value: Value) -> Bool {
        lock.withLock {
            guard stored == nil else { return false }
            stored = value
            return true
        }
    }
}
