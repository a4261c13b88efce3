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

    /// What was decided since the last commit began.
    private var next = Commit()
    /// What is being written.
    private var writing: Commit?
    /// Runs with events for the next commit, in the order in which they got them.
    private var touched: [ActiveRun] = []
    /// What may be done now: the events it follows from are durable.
    private var due: [EngineEffect] = []
    private var taken = TakenNames(highest: nil)
    /// Reverts that wait until another run lets go of the group of the sub-run that they undo.
    private var heldRollbacks: [(run: RunID, instance: InstanceID)] = []
    /// Runs that their concurrency group may hold back.
    private var held: Set<RunID> = []
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
        taken = TakenNames(highest: try await engine.journal.highestName())
        let unsettled = try await engine.journal.runs(.unsettled)
        guard engine.configuration.recovery == .all else {
            for record in unsettled where record.status != .pending { asleep[record.id] = record.group }
            return
        }
        for record in unsettled.reversed() { _ = try await loadIfReadable(record) }
        now = engine.time.now()
        let all = runs.values.sorted { $0.id < $1.id }
        // All before one of them starts something: a sub-run must see who holds its group.
        for run in all { wake(run) }
        for run in all { advance(run) }
        admitPending()
    }

    /// Begins to drive a run that was loaded: what was under way when its last owner ended is journaled as interrupted.
    func wake(_ run: ActiveRun) {
        guard !run.isAwake else { return }
        run.isAwake = true
        asleep[run.id] = nil
        if run.machine.status == .pending { hold(run) }
        for event in run.machine.interruptions { record(event, in: run) }
        armTimers(of: run)
        joinChildren(of: run)
    }

    /// What becomes durable next; nil while something is being written.
    func beginCommit() -> JournalBatch? {
        guard writing == nil else { return nil }
        for run in touched {
            if !run.pending.isEmpty {
                next.batch.entries.append(
                    JournalBatch.Entry(run: run.id, at: now, events: run.pending, status: run.machine.status))
                run.pending = []
            }
            if isIdle(run) { next.idle.append(run) }
        }
        touched.removeAll(keepingCapacity: true)
        writing = next
        next = Commit()
        return writing?.batch
    }

    /// What was being written is durable: who waits for it is told, and what follows from it is due.
    func finishCommit() {
        guard let written = writing else { return }
        writing = nil
        for (promise, answer) in written.replies { promise.keep(answer) }
        for promise in written.acknowledgements { promise.keep(true) }
        due += written.effects
        // One that went on meanwhile leaves with a later commit.
        for run in written.idle where isIdle(run) && run.pending.isEmpty && runs[run.id] === run {
            let status = run.machine.status
            for waiter in settledWaiters.removeValue(forKey: run.id) ?? [] {
                waiter.keep(status.isSettled ? status : nil)
            }
            runs[run.id] = nil
        }
        if runs.isEmpty {
            for waiter in idleWaiters { waiter.keep(()) }
            idleWaiters = []
        }
        if !quietWaiters.isEmpty, touched.isEmpty, runsAtWork.isEmpty {
            for waiter in quietWaiters { waiter.keep(()) }
            quietWaiters = []
        }
    }

    var isWriting: Bool { writing != nil }

    /// What was being written is not durable: who waits for it is told with all others.
    func failCommit() {
        guard let lost = writing else { return }
        writing = nil
        next.replies = lost.replies + next.replies
        next.acknowledgements = lost.acknowledgements + next.acknowledgements
    }

    /// The engine ends, and only waits for what is being written.
    func endCommit(among messages: [EngineMessage]) {
        for promise in writing?.acknowledgements ?? [] { promise.keep(false) }
        for message in messages {
            guard case .written(let error) = message else {
                message.refuse()
                continue
            }
            if error == nil { finishCommit() } else { failCommit() }
        }
    }

    /// Hands over what is due.
    func takeDueEffects() -> [EngineEffect] {
        defer { due = [] }
        return due
    }

    /// Nothing more is to be done for it: it is settled, or was never woken.
    private func isIdle(_ run: ActiveRun) -> Bool { run.machine.status.isSettled || !run.isAwake }

    /// The engine was stopped, and all that it knew is durable.
    var isOver: Bool { isStopped && writing == nil }

    /// The journal failed: nobody is told that anything was done.
    func abandon() {
        stopWork()
        let lost = EngineAnswer.refused("the journal could not be read or written")
        for (promise, _) in next.replies { promise.keep(lost) }
        next.replies = []
        endWaiting()
    }

    /// Waits for the attempts that were ended.
    func workHasEnded() async {
        for run in runs.values.sorted(by: { $0.id < $1.id }) {
            for (_, work) in run.work.sorted(by: { $0.key < $1.key }) { await engine.work.end(of: work) }
        }
    }

    /// Ends what is under way: in one order always, so that a simulation can be repeated.
    func cancelWork(of run: ActiveRun) {
        for (_, work) in run.work.sorted(by: { $0.key < $1.key }) { engine.work.cancel(work) }
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
        for run in runs.values.sorted(by: { $0.id < $1.id }) { cancelWork(of: run) }
        // They have not begun to apply, and do not any more.
        for promise in (writing?.acknowledgements ?? []) + next.acknowledgements { promise.keep(false) }
        writing?.acknowledgements = []
        writing?.effects = []
        next.acknowledgements = []
        next.effects = []
        due = []
    }

    // MARK: - Messages

    func handle(_ messages: [EngineMessage]) async throws {
        do {
            // It comes before all others, as runs leave memory with it that a message may be about.
            if case .written(let error)? = messages.first {
                if let error {
                    failCommit()
                    throw error
                }
                finishCommit()
            }
            // What happens next may need runs that are not in memory: only reading, so the order stays.
            let others = messages.filter { !$0.isFromAttempt }
            try await fetchNew(others)
            for message in others { try await fetch(for: message) }
        } catch {
            for message in messages { message.refuse() }
            throw error
        }
        now = max(now, engine.time.now())
        for message in messages { handle(message) }
    }

    private func handle(_ message: EngineMessage) {
        switch message {
        case .request(let request, let reply): answer(request, reply)
        case .unreadableRequest(let id):
            next.batch.answers.append((id, .refused("the runner that drives the runs does not know this request")))
        case .prepared(let id, let instance, let attempt, let prior, let promise):
            guard let run = runs[id], run.machine.isRunning(instance, attempt: attempt), run.machine.status == .running,
                !isStopped
            else { return promise.keep(false) }
            record(.attemptPrepared(instance, prior: run.redactor.redact(prior)), in: run)
            next.acknowledgements.append(promise)
        case .attempted(let id, let instance, let attempt, let result):
            guard let run = runs[id], run.machine.isRunning(instance, attempt: attempt) else { return }
            run.work[instance] = nil
            finish(instance, result, in: run)
            advance(run)
        case .reverted(let id, let instance, let attempt, let result):
            guard let run = runs[id], run.machine.isReverting(instance, attempt: attempt) else { return }
            run.work[instance] = nil
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
            next.batch.output.append(line)
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
        case .written: break
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
        if run.pending.isEmpty {
            touched.append(run)
            // The end of a step and the start of the next.
            run.pending.reserveCapacity(2)
        }
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

    /// Does this once the events that were recorded before are durable.
    func after(_ effect: EngineEffect) { next.effects.append(effect) }

    func reply(_ answer: EngineAnswer, to reply: EngineReply) {
        switch reply {
        case .local(let promise): next.replies.append((promise, answer))
        case .journal(let id): next.batch.answers.append((id, answer))
        case .nobody: break
        }
    }

    /// Adds a line to the output of a run itself.
    func note(_ text: String, of run: ActiveRun) {
        next.batch.output.append(
            OutputLine(run: run.id, step: "", attempt: 0, at: now, stream: .note, text: run.redactor.redact(text)))
    }

    func keepBundle(of workflow: Workflow) { next.batch.bundles[workflow.bundle.hash] = workflow.bundle.encoded }

    func keepSecrets(of run: RunID, sealed: String) { next.batch.secrets.append((run, sealed)) }

    /// Lets the run do all that is possible now.
    func advance(_ run: ActiveRun) {
        guard !isStopped, run.isAwake else { return }
        while true {
            // One at a time: what a command leads to may settle a sub-run and come back to this run.
            guard let command = run.machine.nextCommand() else { return }
            execute(command, in: run)
        }
    }

    func armTimers(of run: ActiveRun) {
        for (instance, at) in run.machine.timers { arm(instance, at: at, in: run) }
    }

    func arm(_ instance: InstanceID, at time: Timestamp, in run: ActiveRun) {
        after(.timer(run.id, instance, time))
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
        case .request(let request, _): try await fetchWithParents(request.run)
        case .joinChild(let id, let instance), .rollBackChild(let id, let instance):
            if let run = runs[id] { try await fetch(id.child(run.name(of: instance))) }
        case .awaitSettled(let id, _): try await fetch(id)
        default: break
        }
    }

    /// Names that new runs ask for may be taken: one look at the journal for all that may be.
    private func fetchNew(_ messages: [EngineMessage]) async throws {
        var names: Set<RunID> = []
        for case .request(.start(let id, _, _), _) in messages where runs[id] == nil && !taken.isFree(id) {
            names.insert(id)
        }
        guard !names.isEmpty else { return }
        let query = names.count > 1 ? RunQuery(ids: names, includesChildren: true) : RunQuery(id: names.first)
        for record in try await engine.journal.runs(query) where names.contains(record.id) {
            _ = try await loadIfReadable(record)
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
        if workflow.definition.hasSecrets, let sealed = try await engine.journal.sealedSecrets(of: record.id) {
            run.open(sealedSecrets: sealed)
        }
        // The redactor has to know them, whoever reads them.
        for instance in machine.instances where machine[instance].sealed != nil { _ = run.openedSecrets(of: instance) }
        runs[record.id] = run
        touched.append(run)
        return run
    }

    @discardableResult
    private func prepare(bundle hash: String) async throws -> (workflow: Workflow, graph: RunGraph) {
        if let known = workflows[hash] { return known }
        if let workflow = engine.knownWorkflows.with({ $0.removeValue(forKey: hash) }) {
            return register(workflow, hash: hash)
        }
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

    /// A run of this name is made.
    func take(_ name: RunID) { taken.take(name) }

    /// Lets runs start that their concurrency group held back.
    func admitPending() {
        for (run, instance) in heldRollbacks { after(.send(.rollBackChild(run, instance))) }
        heldRollbacks = []
        for id in held.sorted() {
            guard let run = runs[id], run.machine.status == .pending else {
                held.remove(id)
                continue
            }
            guard run.isAwake, holder(of: run.machine.header?.group, besides: id) == nil else { continue }
            held.remove(id)
            record(.admitted, in: run)
            advance(run)
        }
    }

    /// Lets a pending run wait until its concurrency group lets it start.
    func hold(_ run: ActiveRun) { held.insert(run.id) }

    /// Lets a sub-run be rolled back once another run may have let go of its group.
    func holdRollback(of run: RunID, _ instance: InstanceID) { heldRollbacks.append((run, instance)) }

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

/// What was decided and is not durable yet, with what follows once it is.
private struct Commit {
    var batch = JournalBatch()
    var effects: [EngineEffect] = []
    var replies: [(Promise<EngineAnswer>, EngineAnswer)] = []
    /// Of attempts that wait for their prior state to be durable.
    var acknowledgements: [Promise<Bool>] = []
    /// Runs that leave memory.
    var idle: [ActiveRun] = []
}
