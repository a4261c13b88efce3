import Workflow

/// Watches what becomes durable and what happens in the world, and says which invariant does not hold.
///
/// It keeps books of its own beside the folded machines: the rules must not be checked by the code that they check.
final class Auditor {
    private unowned let simulation: Simulation
    private(set) var violation: Violation?
    private(set) var books: [RunID: RunBook] = [:]
    /// Events by who asked for them.
    private var askedFor: [String: Int] = [:]
    /// What was durable, for people.
    private(set) var trace: [String] = []

    init(_ simulation: Simulation) {
        self.simulation = simulation
    }

    func fail(_ invariant: Invariant, _ detail: @autoclosure () -> String) {
        if violation == nil { violation = Violation(invariant: invariant, detail: detail()) }
    }

    // MARK: - The journal

    func committed(_ batch: JournalBatch, by process: SimulatedProcess, under lease: Lease) {
        if lease.epoch != simulation.epoch {
            fail(.oneOwner, "process \(process.number) wrote in epoch \(lease.epoch) of \(simulation.epoch)")
        }
        for entry in batch.entries {
            let book = books[entry.run] ?? RunBook(entry.run)
            books[entry.run] = book
            do {
                book.take(try decoded(entry), in: simulation, self)
            } catch {
                fail(.folds, "run \(entry.run): \(error)")
            }
            if let machine = book.machine, machine.status != entry.status {
                fail(.folds, "run \(entry.run) is \(entry.status) in the table and \(machine.status) in its history")
            }
        }
        checkGroups()
        for (object, _) in simulation.world.things { checkWorld(object) }
        for (id, answer) in batch.answers { simulation.remoteAnswers[id] = (answer, lease.epoch) }
    }

    /// As a reader of the store would see it.
    private func decoded(_ entry: JournalBatch.Entry) throws -> JournalBatch.Entry {
        var entry = entry
        entry.events = try entry.events.map { try RunEvent(stored: try $0.stored()) }
        if simulation.isTraced {
            let graph = books[entry.run]?.machine?.graph ?? simulation.graph
            for event in entry.events {
                trace.append(
                    "commit \(simulation.commits) at \(entry.at - simulation.start) \(entry.run): \(event.summary(in: graph))"
                )
            }
        }
        return entry
    }

    func note(_ text: String) {
        if simulation.isTraced { trace.append("        at \(simulation.kernel.now - simulation.start) \(text)") }
    }

    private func checkGroups() {
        var busy: [String: RunID] = [:]
        for (id, book) in books {
            guard let group = book.machine?.header?.group, let status = book.machine?.status,
                status != .pending, !status.isSettled
            else { continue }
            if let other = busy.updateValue(id, forKey: group) { fail(.limits, "\(id) and \(other) share a group") }
        }
    }

    // MARK: - The world

    /// A handler's function is called.
    func began(_ verb: Scenario.Fault.Verb, _ run: RunID, _ step: String, attempt: Int, reads: Bool) {
        note("\(verb.rawValue) of \(run)/\(step), attempt \(attempt)")
        guard let book = books[run], let id = book.machine?.graph.instance(named: step) else {
            return fail(.startedDurably, "\(verb) of \(run)/\(step), of which the journal knows nothing")
        }
        let key = RunBook.AttemptKey(id: id, attempt: attempt)
        let isDurable =
            switch verb {
            case .observe: book.started.contains(key)
            case .apply: reads ? book.started.contains(key) : book.prepared.contains(key)
            case .revert: book.revertStarted.contains(key)
            }
        if !isDurable { fail(.startedDurably, "\(verb.rawValue) of \(run)/\(step), attempt \(attempt)") }
        if verb == .apply, book.finished.contains(id) { fail(.finishedOnce, "\(run)/\(step) is applied again") }
    }

    /// A thing that the run has changed must be known to be.
    func checkWorld(_ object: String) {
        guard simulation.world.isChanged(object), let slash = object.firstIndex(of: "/") else { return }
        let run = RunID(String(object[..<slash]))
        let step = String(object[object.index(after: slash)...])
        guard let machine = books[run]?.machine, let id = machine.graph.instance(named: step), machine.contains(id)
        else {
            return fail(.effectsKnown, "\(object) was changed, and the journal does not know the step")
        }
        if machine[id].effect == .none {
            fail(.effectsKnown, "\(object) was changed, and its run says nothing of it: \(machine[id].status)")
        }
    }

    // MARK: - Requests

    func asked(by actor: Actor) { askedFor[actor.name, default: 0] += 1 }

    func answered(_ request: EngineRequest, _ actor: Actor, _ answer: EngineAnswer) {
        let count = askedFor[actor.name] ?? 0
        note("answer to \(actor): \(answer)")
        var isExpected = count == 1
        // One that was only interrupted goes on without an event.
        if case .resume = request, count == 0 { isExpected = true }
        switch answer {
        case .done: if !isExpected { fail(.onceAnswered, "\(request) was answered, and is there \(count) times") }
        case .refused(let why): if count != 0 { fail(.onceAnswered, "\(request) was refused, and done: \(why)") }
        }
    }

    // MARK: - The end

    /// All is over: every run has ended as it should.
    func finish() {
        for (id, book) in books.sorted(by: { $0.key < $1.key }) {
            guard let machine = book.machine else { continue }
            let undone = machine.instances.filter { instance in
                simulation.world.isChanged("\(id)/\(machine.graph.name(of: instance))")
                    && machine.graph.nodes[instance.step].rollback == .revert
            }
            if machine.status == .rolledBack, let left = undone.first {
                fail(.outcome, "\(id) is rolled back, and \(machine.graph.name(of: left)) is still there")
            }
            guard machine.status == .succeeded else { continue }
            for instance in machine.instances where machine[instance].status == .succeeded {
                let object = "\(id)/\(machine.graph.name(of: instance))"
                guard simulation.world.initial[object] != nil else { continue }
                if simulation.world.value(of: object) != SimulatedWorld.wanted {
                    fail(.outcome, "\(object) has succeeded, and is \(simulation.world.value(of: object))")
                }
            }
        }
    }
}
