import Workflow

/// The people around the runner: they start runs, answer what is asked, and go on with what has stopped.
final class Operator: @unchecked Sendable {  // Only touched by the kernel's thread.
    private unowned let simulation: Simulation
    private var count = 0
    /// Requests left in the journal that have no answer yet, by number.
    private var remote: [Int: (request: EngineRequest, actor: Actor, key: String)] = [:]
    /// What is not asked twice at a time: a start, or a judgement of an unknown outcome, which may not be true any more
    /// when an earlier one has been taken in. Nor do people ask the same again before they have an answer.
    private var underWay: Set<String> = []
    private var efforts: [RunID: Int] = [:]
    /// In which epoch a run was last gone on with.
    private var goneOn: [RunID: Int] = [:]

    init(_ simulation: Simulation) {
        self.simulation = simulation
    }

    /// Looks after all runs.
    ///
    /// - Returns: Whether all of them have ended for good, and everything asked was answered.
    func tend() async -> Bool {
        for (id, (request, actor, key)) in remote.sorted(by: { $0.key < $1.key }) {
            guard let (answer, epoch) = simulation.remoteAnswers[id] else { continue }
            remote[id] = nil
            underWay.remove(key)
            note(answer, to: request, in: epoch)
            simulation.auditor.answered(request, actor, answer)
        }
        var isEnded = remote.isEmpty
        for number in 1...simulation.scenario.runs {
            let id = RunID("r\(number)")
            guard let book = simulation.auditor.books[id] else {
                start(id)
                isEnded = false
                continue
            }
            if !look(after: book) { isEnded = false }
        }
        for book in simulation.auditor.books.values.sorted(by: { $0.id < $1.id }) { answer(book) }
        return isEnded
    }

    private func start(_ id: RunID) {
        let actor = nextActor()
        let header = RunHeader(
            workflow: "main", version: 1, bundle: simulation.bundle.hash, parallel: simulation.scenario.parallel,
            by: actor)
        send(.start(id, header, sealedSecrets: nil), actor, remotely: simulation.kernel.random.oneIn(3))
    }

    /// Whether a run that nobody started by itself has ended for good; else does something about it.
    private func look(after book: RunBook) -> Bool {
        guard let machine = book.machine else { return false }
        let id = book.id
        guard machine.status.isSettled else {
            // It is shown as interrupted until somebody goes on with it.
            if simulation.scenario.isOnDemand, goneOn[id] != simulation.epoch, !underWay.contains("\(id)") {
                ask(.resume, object: "\(id)/", remotely: simulation.kernel.random.oneIn(4), once: "\(id)")
            }
            return false
        }
        let effort = efforts[id] ?? 0
        switch machine.status {
        case .succeeded, .rolledBack: return true
        case .failed, .cancelled, .unknown:
            guard isGroupFree(for: id) else { return false }
            guard simulation.faultsAreOver || simulation.kernel.random.oneIn(4) else { return false }
            guard !hasUnknown(below: id), !underWay.contains("\(id)") else { return false }
            if simulation.faultsAreOver { efforts[id] = effort + 1 }
            if effort >= 4, effort < 10, effort % 2 == 0 {
                for instance in machine.instances where machine[instance].status == .failed {
                    ask(.skip, object: "\(id)/\(machine.graph.name(of: instance))", remotely: false)
                }
            } else {
                ask(
                    effort < 10 ? .resume : .rollback, object: "\(id)/", remotely: simulation.kernel.random.oneIn(4),
                    once: "\(id)")
            }
        case .rollbackFailed:
            guard isGroupFree(for: id) else { return false }
            guard simulation.faultsAreOver else { return false }
            guard !hasUnknown(below: id), !underWay.contains("\(id)") else { return false }
            efforts[id] = max(effort, 10) + 1
            if effort < 16 {
                ask(.rollback, object: "\(id)/", remotely: false, once: "\(id)")
            } else if hasPointOfNoReturn(below: id) {
                return true
            } else {
                simulation.auditor.fail(.ends, "\(id) cannot be rolled back, and nothing is in the way")
            }
        case .pending, .running, .cancelling, .rollingBack: break
        }
        return false
    }

    private func family(_ id: RunID) -> [RunBook] {
        simulation.auditor.books.values.filter { $0.id == id || $0.id.rawValue.hasPrefix(id.rawValue + ".") }
            .sorted { $0.id < $1.id }
    }

    /// It would be refused as long as another run of its group is under way.
    private func isGroupFree(for id: RunID) -> Bool {
        !simulation.scenario.workflow.isExclusive
            || simulation.auditor.books.values.allSatisfy { book in
                book.id == id || book.machine?.header?.parent != nil || book.status?.isSettled ?? true
            }
    }

    private func hasUnknown(below id: RunID) -> Bool {
        family(id).contains { book in
            book.machine?.instances.contains { book.machine?[$0].status == .unknown } ?? false
        }
    }

    private func hasPointOfNoReturn(below id: RunID) -> Bool {
        family(id).contains { book in
            guard let machine = book.machine else { return false }
            return machine.instances.contains {
                machine.graph.nodes[$0.step].rollback == .stop && machine[$0].effect != .none
            }
        }
    }

    /// Answers what a run waits for.
    private func answer(_ book: RunBook) {
        guard let machine = book.machine else { return }
        for instance in machine.instances {
            let object = "\(book.id)/\(machine.graph.name(of: instance))"
            switch machine[instance].phase {
            case .waiting(.approval):
                let isKind = simulation.faultsAreOver || !simulation.kernel.random.oneIn(8)
                ask(
                    isKind ? .approve : .reject, object: object, remotely: simulation.kernel.random.oneIn(4),
                    once: object)
            case .waiting(.signal):
                ask(.signal, object: object, remotely: simulation.kernel.random.oneIn(4), once: object)
            case .unknown where [.running, .unknown, .cancelled].contains(machine.status):
                ask(
                    simulation.kernel.random.pick([.adopt, .redo, .discard]), object: object,
                    remotely: simulation.kernel.random.oneIn(4))
            default: break
            }
        }
    }

    // MARK: - Requests

    /// - Parameters:
    ///   - object: A run and a step, as `r1/s0`.
    ///   - once: Not while something else with this name has no answer; empty: at any time.
    func ask(_ ask: Scenario.Fault.Ask, object: String, remotely: Bool, once: String = "") {
        let parts = object.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (run, step) = (RunID(parts[0]), parts.count > 1 ? parts[1] : "")
        let actor = nextActor()
        let request: EngineRequest =
            switch ask {
            case .cancel: .cancel(run, by: actor, reason: nil)
            case .rollback: .rollback(run, by: actor, reason: nil)
            case .resume: .resume(run, by: actor, sealedSecrets: nil)
            case .retry: .retry(run, from: nil, by: actor)
            case .retryFrom: .retry(run, from: String(step.prefix { $0 != "[" }), by: actor)
            case .skip: .skip(run, step: step, by: actor, reason: "not needed")
            case .approve: .approve(run, step: step, by: actor, reason: nil)
            case .reject: .reject(run, step: step, by: actor, reason: nil)
            case .signal: .signal(run, name: "go", data: .null, by: actor)
            case .adopt, .redo, .discard:
                .resolve(run, step: step, judgement(of: object, ask), by: actor, reason: "it was looked at")
            }
        send(request, actor, remotely: remotely, once: once)
    }

    /// People who judge an outcome tell the truth.
    private func judgement(of object: String, _ ask: Scenario.Fault.Ask) -> Resolution {
        let happened = simulation.world.value(of: object) == SimulatedWorld.wanted
        if ask == .adopt, happened { return .adopt(output: ["value": "new", "flag": true, "items": []]) }
        if ask == .discard, !simulation.world.isChanged(object) { return .discard }
        return .redo
    }

    private func note(_ answer: EngineAnswer, to request: EngineRequest, in epoch: Int) {
        if case .resume(let id, _, _) = request, answer == .done { goneOn[id] = epoch }
    }

    private func nextActor() -> Actor {
        count += 1
        return Actor("op\(count)")
    }

    private func send(_ request: EngineRequest, _ actor: Actor, remotely: Bool, once: String = "") {
        let key =
            switch request {
            case .start(let id, _, _): "start \(id)"
            case .resolve(let id, let step, _, _, _): "resolve \(id)/\(step)"
            default: once
            }
        if !key.isEmpty, !underWay.insert(key).inserted { return }
        simulation.auditor.note("\(actor) asks\(remotely ? " from afar" : ""): \(request.summary)")
        guard !remotely, let process = simulation.processes.last(where: { $0.isInCharge && !$0.isOver }),
            let engine = process.engine
        else {
            return simulation.spawn(on: simulation.control) { [simulation, self] in
                do {
                    let id = try await simulation.kernel.outside {
                        try await simulation.store.submit(request, at: simulation.kernel.now)
                    }
                    remote[id] = (request, actor, key)
                } catch {
                    simulation.auditor.fail(.onceAnswered, "a request cannot be left: \(error)")
                }
            }
        }
        simulation.spawn(on: process.executor) { [simulation, self] in
            let answer = await engine.submit(request)
            underWay.remove(key)
            // A dead process tells nobody anything.
            guard !process.isDead else { return }
            note(answer, to: request, in: process.lease?.epoch ?? 0)
            simulation.auditor.answered(request, actor, answer)
        }
    }
}

extension EngineRequest {
    fileprivate var summary: String {
        switch self {
        case .start(let run, _, _): "start \(run)"
        case .cancel(let run, _, _): "cancel \(run)"
        case .rollback(let run, _, _): "roll back \(run)"
        case .resume(let run, _, _): "resume \(run)"
        case .retry(let run, let from, _): "retry \(run) from \(from ?? "what failed")"
        case .skip(let run, let step, _, _): "skip \(run)/\(step)"
        case .approve(let run, let step, _, _): "approve \(run)/\(step)"
        case .reject(let run, let step, _, _): "reject \(run)/\(step)"
        case .signal(let run, let name, _, _): "signal \(name) to \(run)"
        case .resolve(let run, let step, let resolution, _, _): "\(run)/\(step): \(resolution)"
        }
    }
}
