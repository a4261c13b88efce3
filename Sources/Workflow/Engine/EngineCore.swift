import Foundation

/// What the engine's loop knows and decides. Lives inside one task; nothing else touches it.
final class EngineCore {
    let engine: Engine
    let lease: Lease
    var runs: [RunID: ActiveRun] = [:]
    /// The concurrency groups of runs that were under way when the last owner ended and that nobody has woken since: what
    /// such a run has begun is neither done nor undone, so it keeps its group.
    private var asleep: [RunID: String] = [:]
    var random: any RandomNumberGenerator
    /// The time of the events being handled: one for all that become durable together.
    var now: Timestamp
    private(set) var isStopped = false

    /// Runs with events that are not durable yet, in the order in which they got them.
    private var touched: [RunID] = []
    private var batch = JournalBatch()
    /// What is done after the commit: tasks are made only then.
    private var effects: [() -> EngineEffect] = []
    private var replies: [(Promise<EngineAnswer>, EngineAnswer)] = []
    private var acknowledgements: [Promise<Bool>] = []
    private var settledWaiters: [RunID: [Promise<RunStatus?>]] = [:]
    private var idleWaiters: [Promise<Void>] = []
    private var quietWaiters: [Promise<Void>] = []
    /// Graphs by the hash of their bundle, for runs of the same workflow.
    private var workflows: [String: (workflow: Workflow, graph: RunGraph)] = [:]
    /// Runs that cannot be read, and why. They are left as they are.
    private var unreadable: [RunID: String] = [:]

    init(engine: Engine, lease: Lease) {
        self.engine = engine
        self.lease = lease
        now = engine.time.now()
        random = engine.makeRandom()
    }

    /// Takes over the runs that were under way when the last owner ended.
    func recover() async throws {
        let unsettled = try await engine.journal.runs(.unsettled)
        guard engine.configuration.recovery == .all else {
            for record in unsettled where record.status != .pending { asleep[record.id] = record.group }
            return
        }
        for record in unsettled.reversed() { _ = try await loadIfReadable(record) }
        now = engine.time.now()
        for run in runs.values.sorted(by: { $0.id < $1.id }) {
            wake(run)
            advance(run)
        }
        admitPending()
    }

    /// Begins to drive a run that was loaded: what was under way when its last owner ended is journaled as interrupted.
    func wake(_ run: ActiveRun) {
        guard !run.isAwake else { return }
        run.isAwake = true
        asleep[run.id] = nil
        for event in run.machine.interruptions { record(event, in: run) }
        armTimers(of: run)
        joinChildren(of: run)
    }

    /// Makes everything durable that was decided, and tells who waits for it.
    ///
    /// - Returns: What to do now.
    func commit() async throws -> [EngineEffect] {
        let settled = collect()
        if !batch.isEmpty {
            try await engine.journal.append(batch, under: lease)
        }
        batch = JournalBatch()
        for (promise, answer) in replies { promise.keep(answer) }
        for promise in acknowledgements { promise.keep(true) }
        replies = []
        acknowledgements = []
        let due = effects.map { $0() }
        effects = []
        for id in settled {
            let status = runs[id]?.machine.status
            for waiter in settledWaiters.removeValue(forKey: id) ?? [] {
                waiter.keep(status.flatMap { $0.isSettled ? $0 : nil })
            }
            runs[id] = nil
        }
        if runs.isEmpty {
            for waiter in idleWaiters { waiter.keep(()) }
            idleWaiters = []
        }
        if !quietWaiters.isEmpty, runsAtWork.isEmpty {
            for waiter in quietWaiters { waiter.keep(()) }
            quietWaiters = []
        }
        return due
    }

    /// Moves the events of all touched runs into the batch.
    ///
    /// - Returns: The runs that nothing more is to be done for: settled by them, or never woken.
    private func collect() -> [RunID] {
        var settled: [RunID] = []
        for id in touched {
            guard let run = runs[id] else { continue }
            if !run.pending.isEmpty {
                batch.entries.append(
                    JournalBatch.Entry(run: id, at: now, events: run.pending, status: run.machine.status))
                run.pending = []
            }
            if run.machine.status.isSettled || !run.isAwake { settled.append(id) }
        }
        touched = []
        return settled
    }

    /// The journal failed: nobody is told that anything was done.
    func abandon() {
        stopWork()
        let lost = EngineAnswer.refused("the journal could not be read or written")
        for (promise, _) in replies { promise.keep(lost) }
        replies = []
        endWaiting()
    }

    private func endWaiting() {
        for (_, waiters) in settledWaiters.sorted(by: { $0.key < $1.key }) {
            for waiter in waiters { waiter.keep(nil) }
        }
        for waiter in idleWaiters + quietWaiters { waiter.keep(()) }
        settledWaiters = [:]
        idleWaiters = []
        quietWaiters = []
    }

    private func stopWork() {
        for run in runs.values.sorted(by: { $0.id < $1.id }) { run.cancelTasks() }
        // They have not begun to apply, and do not any more.
        for promise in acknowledgements { promise.keep(false) }
        acknowledgements = []
        effects = []
    }

    // MARK: - Messages

    func handle(_ messages: [EngineMessage]) async throws {
        for message in messages {
            // What happens next may need runs that are not in memory: only reading, so the order stays.
            do {
                try await fetch(for: message)
            } catch {
                for message in messages { message.refuse() }
                throw error
            }
        }
        now = max(now, engine.time.now())
        for message in messages { handle(message) }
    }

    private func handle(_ message: EngineMessage) {
        switch message {
        case .request(let request, let reply): answer(request, reply)
        case .unreadableRequest(let id):
            batch.answers.append((id, .refused("the runner that drives the runs does not know this request")))
        case .prepared(let id, let instance, let attempt, let prior, let promise):
            guard let run = runs[id], run.machine.isRunning(instance, attempt: attempt), run.machine.status == .running,
                !isStopped
            else { return promise.keep(false) }
            record(.attemptPrepared(instance, prior: run.redactor.redact(prior)), in: run)
            acknowledgements.append(promise)
        case .attempted(let id, let instance, let attempt, let result):
            guard let run = runs[id], run.machine.isRunning(instance, attempt: attempt) else { return }
            run.tasks[instance] = nil
            finish(instance, result, in: run)
            advance(run)
        case .reverted(let id, let instance, let attempt, let result):
            guard let run = runs[id], run.machine.isReverting(instance, attempt: attempt) else { return }
            run.tasks[instance] = nil
            finishRevert(instance, result, in: run)
            advance(run)
        case .timer(let id, let instance, let at):
            // A run that has stopped may be in memory, because somebody says something to it: nothing wakes by itself.
            guard let run = runs[id], !run.machine.status.isSettled, run.machine.contains(instance),
                run.machine[instance].deadline == at
            else { return }
            record(.timerFired(instance), in: run)
            advance(run)
        case .joinChild(let id, let instance): joinChild(of: id, instance)
        case .rollBackChild(let id, let instance): rollBackChild(of: id, instance)
        case .output(let id, let line):
            guard let run = runs[id] else { return }
            var line = line
            line.text = run.redactor.redact(line.text)
            batch.output.append(line)
        case .awaitSettled(let id, let promise):
            // A run that is settled in memory is about to be committed, which tells who waits.
            if runs[id] == nil || isStopped {
                promise.keep(nil)
            } else {
                settledWaiters[id, default: []].append(promise)
            }
        case .awaitIdle(let promise): runs.isEmpty ? promise.keep(()) : idleWaiters.append(promise)
        // Whether it holds now is seen after the next commit, which comes at once.
        case .awaitQuiet(let promise): quietWaiters.append(promise)
        case .listAtWork(let promise):
            promise.keep(runsAtWork.filter { $0.machine.header?.parent == nil }.map(\.id).sorted())
        case .stop: stop()
        }
    }

    private var runsAtWork: [ActiveRun] { runs.values.filter { $0.isAwake && $0.machine.isAtWork } }

    /// What is under way is ended and journaled as interrupted, so that the next owner looks before it acts.
    private func stop() {
        guard !isStopped else { return }
        isStopped = true
        stopWork()
        for run in runs.values.sorted(by: { $0.id < $1.id }) where run.isAwake {
            for event in run.machine.interruptions { record(event, in: run) }
        }
        endWaiting()
    }

    // MARK: - Events

    /// Applies an event and keeps it for the next commit.
    func tryRecord(_ event: RunEvent, in run: ActiveRun) throws(InvalidEvent) {
        try run.machine.apply(event, at: now)
        if run.pending.isEmpty { touched.append(run.id) }
        run.pending.append(event)
    }

    /// Applies an event that the engine itself has made, and that therefore fits.
    func record(_ event: RunEvent, in run: ActiveRun) {
        do {
            try tryRecord(event, in: run)
        } catch {
            preconditionFailure("the engine made an event that does not fit run \(run.id): \(error)")
        }
    }

    func after(_ effect: @escaping () -> EngineEffect) { effects.append(effect) }

    func reply(_ answer: EngineAnswer, to reply: EngineReply) {
        switch reply {
        case .local(let promise): replies.append((promise, answer))
        case .journal(let id): batch.answers.append((id, answer))
        case .nobody: break
        }
    }

    /// Adds a line to the output of a run itself.
    func note(_ text: String, of run: ActiveRun) {
        batch.output.append(
            OutputLine(run: run.id, step: "", attempt: 0, at: now, stream: .note, text: run.redactor.redact(text)))
    }

    func keepBundle(of workflow: Workflow) { batch.bundles[workflow.bundle.hash] = workflow.bundle.encoded }

    func keepSecrets(of run: RunID, sealed: String) { batch.secrets.append((run, sealed)) }

    /// Lets the run do all that is possible now.
    func advance(_ run: ActiveRun) {
        guard !isStopped, run.isAwake else { return }
        while true {
            // One at a time: what a command leads to may settle a sub-run and come back to this run.
            guard let command = run.machine.next().first else { return }
            execute(command, in: run)
        }
    }

    func armTimers(of run: ActiveRun) {
        for (instance, at) in run.machine.timers { arm(instance, at: at, in: run) }
    }

    func arm(_ instance: InstanceID, at time: Timestamp, in run: ActiveRun) {
        let id = run.id
        after { .timer(id, instance, time) }
    }

    // MARK: - Runs

    /// Loads what a message is about, where it is not in memory.
    private func fetch(for message: EngineMessage) async throws {
        switch message {
        case .request(.start(let id, let header, _), _):
            do {
                try await prepare(bundle: header.bundle)
            } catch let error as JournalError where error.code != .damaged {
                throw error
            } catch {
                unreadable[id] = "the workflow of run \(id) cannot be read: \(error)"
            }
            try await fetch(id)
        case .request(let request, _): try await fetchWithParents(request.run)
        case .joinChild(let id, let instance), .rollBackChild(let id, let instance):
            if let run = runs[id] { try await fetch(id.child(run.name(of: instance))) }
        case .awaitSettled(let id, _): try await fetch(id)
        default: break
        }
    }

    private func fetch(_ id: RunID) async throws {
        guard runs[id] == nil, let record = try await engine.journal.runs(RunQuery(id: id)).first else { return }
        _ = try await loadIfReadable(record)
    }

    /// A sub-run tells its parent how it ended, so the parent has to be there.
    private func fetchWithParents(_ id: RunID) async throws {
        var next: RunID? = id
        while let id = next {
            try await fetch(id)
            next = runs[id]?.machine.header?.parent?.run
        }
    }

    /// One run that cannot be read, for example because its step kinds are gone, must not stop the others.
    private func loadIfReadable(_ record: RunRecord) async throws -> ActiveRun? {
        do {
            let run = try await load(record)
            unreadable[record.id] = nil
            return run
        } catch let error as JournalError where error.code != .damaged {
            throw error
        } catch {
            unreadable[record.id] = "run \(record.id) cannot be read: \(error)"
            return nil
        }
    }

    /// Why a run is not there.
    func absence(of id: RunID) -> String { unreadable[id] ?? "there is no run \(id)" }

    private func load(_ record: RunRecord) async throws -> ActiveRun {
        if let run = runs[record.id] { return run }
        let (workflow, graph) = try await prepare(bundle: record.bundle)
        var machine = RunMachine(graph: graph)
        for entry in try await engine.journal.entries(of: record.id, after: 0) {
            for event in entry.events { try machine.apply(event, at: entry.at) }
        }
        let run = ActiveRun(id: record.id, workflow: workflow, machine: machine, sealer: engine.sealer)
        if let sealed = try await engine.journal.sealedSecrets(of: record.id) { run.open(sealedSecrets: sealed) }
        // The redactor has to know them, whoever reads them.
        for instance in machine.instances where machine[instance].sealed != nil { _ = run.openedSecrets(of: instance) }
        runs[record.id] = run
        touched.append(record.id)
        return run
    }

    @discardableResult
    private func prepare(bundle hash: String) async throws -> (workflow: Workflow, graph: RunGraph) {
        if let known = workflows[hash] { return known }
        guard let data = try await engine.journal.bundle(hash: hash) else {
            throw JournalError(
                .damaged, "the workflow with the hash \(hash) is missing", remedy: "restore a backup of the database")
        }
        return register(try engine.loadWorkflow(data), hash: hash)
    }

    @discardableResult
    func register(_ workflow: Workflow, hash: String) -> (workflow: Workflow, graph: RunGraph) {
        let catalog = engine.catalog
        let graph = RunGraph(workflow.definition) { catalog[$0]?.reverting ?? .nothing }
        workflows[hash] = (workflow, graph)
        return (workflow, graph)
    }

    /// The workflow with this bundle, which `fetch` has loaded.
    func workflow(_ hash: String) -> (workflow: Workflow, graph: RunGraph)? { workflows[hash] }

    /// Lets runs start that their concurrency group held back.
    func admitPending() {
        for run in runs.values.sorted(by: { $0.id < $1.id }) where run.machine.status == .pending && run.isAwake {
            guard holder(of: run.machine.header?.group, besides: run.id) == nil else { continue }
            record(.admitted, in: run)
            advance(run)
        }
    }

    /// The run that keeps the others of its group from starting; nil where the group is free.
    func holder(of group: String?, besides id: RunID) -> GroupHolder? {
        guard let group else { return nil }
        if let other = asleep.filter({ $0.key != id && $0.value == group }).keys.min() {
            return GroupHolder(run: other, group: group, isInterrupted: true)
        }
        let atWork = runs.values.filter { other in
            other.id != id && other.isAwake && other.machine.header?.group == group && other.machine.status != .pending
                && !other.machine.status.isSettled
        }
        return atWork.map(\.id).min().map { GroupHolder(run: $0, group: group, isInterrupted: false) }
    }
}
