package import Foundation

/// The event loop that joins machine, journal, handlers and timers.
///
/// One loop drives all runs: it takes every message that waits, lets the machines decide, makes all that they decided
/// durable in one transaction, and only then acts on it. So one commit serves many runs, and no effect comes before its
/// event is on disk.
public final class Engine: Sendable {
    /// Which of the runs that were under way when the last owner ended go on by themselves.
    public enum Recovery: Hashable, Sendable {
        case all
        /// Those that somebody asks for: `resume` wakes a run, and so do `retry`, `cancel` and `rollback`.
        case onDemand
    }

    public struct Configuration: Sendable {
        /// A folder that belongs to the installation, kept between runs.
        public var dataDirectory: String
        /// How long the lease on the journal lasts without a sign of life.
        public var lease: Duration
        /// How often the journal is asked for requests of other processes.
        public var pollInterval: Duration
        /// The most that one attempt's output may take in the journal, in bytes.
        public var outputLimit: Int
        public var recovery: Recovery
        /// From so many rows on a commit is written beside the loop. Fewer are written by the loop itself: handing them
        /// over would take longer than it saves.
        package var rowsWrittenBeside = 64
        /// The most messages that are decided on before a commit may begin: while it is written the next ones are
        /// decided on. All that wait, taken at once, would leave one of the two with nothing to do.
        package var messagesAtOnce = 128

        public init(
            dataDirectory: String, lease: Duration = .seconds(15), pollInterval: Duration = .milliseconds(200),
            outputLimit: Int = 1 << 20, recovery: Recovery = .all
        ) {
            self.dataDirectory = dataDirectory
            self.lease = lease
            self.pollInterval = pollInterval
            self.outputLimit = outputLimit
            self.recovery = recovery
        }
    }

    let journal: any Journal
    let catalog: StepCatalog
    let sealer: Sealer
    let time: any TimeSource
    let makeRandom: @Sendable () -> any RandomNumberGenerator
    /// Reads a stored bundle.
    let loadWorkflow: @Sendable (Data) throws -> Workflow
    let configuration: Configuration
    let mailbox = Mailbox<EngineMessage>()
    let work: WorkQueue
    /// What `know` was given, by the hash of its bundle.
    let knownWorkflows = Locked<[String: Workflow]>([:])

    /// - Parameter makeRandom: The source of jitter.
    public convenience init(
        journal: any Journal, catalog: StepCatalog, sealer: Sealer, time: any TimeSource = SystemTime(),
        random makeRandom: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() },
        configuration: Configuration
    ) {
        self.init(
            journal: journal, catalog: catalog, sealer: sealer, time: time, random: makeRandom, executor: nil,
            loadWorkflow: { try WorkflowLoader.load(bundle: WorkflowBundle(encoded: $0), catalog: catalog) },
            configuration: configuration)
    }

    /// An engine whose every task runs where the simulation says: it has to call `run` there too.
    package init(
        journal: any Journal, catalog: StepCatalog, sealer: Sealer, time: any TimeSource,
        random makeRandom: @escaping @Sendable () -> any RandomNumberGenerator, executor: (any TaskExecutor)?,
        loadWorkflow: @escaping @Sendable (Data) throws -> Workflow, configuration: Configuration
    ) {
        self.journal = journal
        self.catalog = catalog
        self.sealer = sealer
        self.time = time
        self.makeRandom = makeRandom
        work = WorkQueue(executor: executor)
        self.loadWorkflow = loadWorkflow
        self.configuration = configuration
    }

    /// Drives all runs of the journal until `stop`: the unsettled ones from before first.
    ///
    /// - Parameter lease: Held by the caller, who releases it afterwards.
    /// - Throws: `JournalError` where the journal fails or the lease is lost. What was under way is ended then, and
    ///   goes on after the next start.
    public func run(under lease: Lease) async throws {
        mailbox.open()
        try await withThrowingDiscardingTaskGroup { group in
            // Whoever still waits for an answer then must not wait for ever.
            defer { mailbox.close { $0.refuse() } }
            group.addTask { try await self.orStop { try await self.keep(lease) } }
            group.addTask { try await self.orStop { try await self.pollRequests() } }
            let core = EngineCore(engine: self, lease: lease)
            defer { group.cancelAll() }
            try await withTaskCancellationHandler {
                do {
                    try await core.recover()
                    while true {
                        try await commit(core, in: &group)
                        for effect in core.takeDueEffects() { perform(effect, in: &group) }
                        if core.isOver { break }
                        try await core.handle(await mailbox.take(most: configuration.messagesAtOnce))
                    }
                } catch {
                    // What is written beside the loop may become durable yet, and who asked for it must not hear otherwise.
                    while core.isWriting { core.endCommit(among: await mailbox.take()) }
                    core.abandon()
                    await workHasEnded(core)
                    throw error
                }
                await workHasEnded(core)
            } onCancel: {
                self.mailbox.send(.stop)
            }
        }
    }

    /// Waits for the attempts that were ended; what they still ask for is refused, as nobody reads it any more.
    private func workHasEnded(_ core: EngineCore) async {
        mailbox.close { $0.refuse() }
        await core.workHasEnded()
    }

    /// Makes durable what was decided. While a large commit is being written the loop goes on deciding, and
    /// what it decides is the next commit.
    private func commit(_ core: EngineCore, in group: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        guard let batch = core.beginCommit() else { return }
        let lease = core.lease
        if batch.entries.count < configuration.rowsWrittenBeside {
            do {
                if !batch.isEmpty { try await journal.append(batch, under: lease) }
            } catch {
                core.failCommit()
                throw error
            }
            return core.finishCommit()
        }
        group.addTask { [journal, mailbox] in
            do {
                try await journal.append(batch, under: lease)
                mailbox.send(.written(nil), isUrgent: true)
            } catch {
                mailbox.send(.written(error), isUrgent: true)
            }
        }
    }

    /// An error beside the loop ends the loop too.
    private func orStop(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            mailbox.send(.stop)
            throw error
        }
    }

    /// Saves reading a workflow again that the caller has read: a run of it is about to be started.
    public func know(_ workflow: Workflow) {
        knownWorkflows.with { $0[workflow.bundle.hash] = workflow }
    }

    /// Asks for something and waits until the answer is durable. Works only while `run` does.
    public func submit(_ request: EngineRequest) async -> EngineAnswer {
        let answer = Promise<EngineAnswer>()
        mailbox.send(.request(request, .local(answer)))
        return await answer.value
    }

    /// Waits until the run does nothing more by itself, or the engine stops.
    ///
    /// - Returns: Its status; nil where the engine stopped before, or there is no such run.
    public func settled(_ run: RunID) async -> RunStatus? {
        let status = Promise<RunStatus?>()
        mailbox.send(.awaitSettled(run, status))
        return await status.value
    }

    /// Waits until no run is under way, or the engine stops.
    public func idle() async {
        let idle = Promise<Void>()
        mailbox.send(.awaitIdle(idle))
        await idle.value
    }

    /// The runs (without sub-runs) that something is being done for, by name; those that only wait for an approval, a
    /// signal or a moment are not among them. Works only while `run` does.
    public func atWork() async -> [RunID] {
        let runs = Promise<[RunID]>()
        mailbox.send(.listAtWork(runs))
        return await runs.value
    }

    /// Waits until no run is at work, or the engine stops.
    public func quiet() async {
        let quiet = Promise<Void>()
        mailbox.send(.awaitQuiet(quiet))
        await quiet.value
    }

    /// Ends what is under way and makes `run` return; the runs go on after the next start.
    public func stop() {
        mailbox.send(.stop)
    }

    private func keep(_ lease: Lease) async throws {
        let pause = Duration.milliseconds(configuration.lease.milliseconds / 3)
        while !Task.isCancelled {
            do { try await time.sleep(until: time.now() + pause) } catch { return }
            try await journal.renew(lease, at: time.now(), lasting: configuration.lease)
        }
    }

    private func pollRequests() async throws {
        var seen: Int?
        var lastID = 0
        while !Task.isCancelled {
            let counter = try await journal.changeCounter()
            if counter != seen {
                seen = counter
                for (id, request) in try await journal.pendingRequests() where id > lastID {
                    lastID = id
                    mailbox.send(request.map { .request($0, .journal(id)) } ?? .unreadableRequest(id))
                }
            }
            do { try await time.sleep(until: time.now() + configuration.pollInterval) } catch { return }
        }
    }

    private func perform(_ effect: EngineEffect, in group: inout ThrowingDiscardingTaskGroup<any Error>) {
        switch effect {
        case .work(let run, let instance, let work):
            run.work[instance] = work
            self.work.add(work)
            if run.machine.status == .cancelling { self.work.cancel(work) }
        case .timer(let run, let instance, let at):
            group.addTask { [time, mailbox] in
                // Only a stop ends the sleep early, and then nobody reads the message.
                guard (try? await time.sleep(until: at)) != nil else { return }
                mailbox.send(.timer(run, instance, at))
            }
        case .send(let message): mailbox.send(message)
        }
    }
}

/// What reaches the loop.
enum EngineMessage: Sendable {
    indirect case request(EngineRequest, EngineReply)
    /// Another process left a request that this version does not know.
    case unreadableRequest(Int)
    case prepared(RunID, InstanceID, attempt: Int, prior: Value, Promise<Bool>)
    case attempted(RunID, InstanceID, attempt: Int, Attempt.Result)
    case reverted(RunID, InstanceID, attempt: Int, Result<[String], StepError>)
    case timer(RunID, InstanceID, Timestamp)
    /// A step's sub-run that was made before has to go on, or has ended already.
    case joinChild(RunID, InstanceID)
    /// The commit that was written beside the loop is durable, or why it is not.
    case written((any Error)?)
    case rollBackChild(RunID, InstanceID)
    indirect case output(RunID, OutputLine)
    case awaitSettled(RunID, Promise<RunStatus?>)
    case awaitIdle(Promise<Void>)
    case awaitQuiet(Promise<Void>)
    case listAtWork(Promise<[RunID]>)
    case stop

    /// Nearly all are: what an attempt or a revert says of a run that is in memory for it.
    var isFromAttempt: Bool {
        switch self {
        case .prepared, .attempted, .reverted, .output: true
        default: false
        }
    }

    /// Answers in the name of an engine that does not run.
    func refuse() {
        switch self {
        case .request(_, .local(let promise)): promise.keep(.refused("the engine is stopping"))
        case .prepared(_, _, _, _, let promise): promise.keep(false)
        case .awaitSettled(_, let promise): promise.keep(nil)
        case .awaitIdle(let promise), .awaitQuiet(let promise): promise.keep(())
        case .listAtWork(let promise): promise.keep([])
        case .request, .unreadableRequest, .attempted, .reverted, .timer, .joinChild, .rollBackChild, .output, .stop,
            .written:
            break
        }
    }
}

/// Who waits for an answer.
enum EngineReply: Sendable {
    case local(Promise<EngineAnswer>)
    case journal(Int)
    /// The engine itself asked.
    case nobody
}

/// What the loop does once its events are on disk.
enum EngineEffect {
    /// An attempt or a revert.
    case work(ActiveRun, InstanceID, Work)
    case timer(RunID, InstanceID, Timestamp)
    indirect case send(EngineMessage)
}
