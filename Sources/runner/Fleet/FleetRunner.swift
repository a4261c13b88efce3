import Steps
import Workflow

/// Brings tenants to what is wanted: canaries first, then the others, so many at once, until too many have failed.
///
/// Each tenant's change is a run of its own. What to do next is found out anew from journal and registry for every
/// tenant, so there is nothing to lose where this is stopped, and nothing to resume but the runs themselves.
struct FleetRunner: Sendable {
    struct Limits: Sendable {
        var parallel: Int
        /// With so many failures no other tenant is begun.
        var failures: Int
        /// How many tenants go first, and have to succeed.
        var canary: Int
    }

    /// What became of a tenant.
    enum Outcome: Sendable {
        case done
        case failed(String)
        /// It waits for somebody's decision.
        case waits(String)
        /// It was not waited for any longer.
        case stopped
    }

    let fleet: Fleet
    let ask: Driver.Ask
    let limits: Limits
    let report: FleetReport
    private static let pause = Duration.milliseconds(100)
    /// A tenant takes no more runs in one go: undo, make, change.
    private static let moves = 3

    /// - Returns: How each tenant ended that was begun, by name.
    func run(_ situations: [TenantSituation]) async throws -> [String: Outcome] {
        let (wanted, unwanted) = (situations.filter { $0.wanted != nil }, situations.filter { $0.wanted == nil })
        var outcomes: [String: Outcome] = [:]
        // Deletions last: they cannot be taken back, so all else has to have gone well.
        for wave in [wanted.prefix(limits.canary), wanted.dropFirst(limits.canary), unwanted[...]] {
            guard outcomes.values.allSatisfy(\.isDone) else { break }
            outcomes.merge(try await run(wave: wave)) { $1 }
        }
        return outcomes
    }

    private func run(wave: ArraySlice<TenantSituation>) async throws -> [String: Outcome] {
        try await withThrowingTaskGroup(of: (String, Outcome).self) { group in
            var (rest, failures) = (wave, 0)
            var outcomes: [String: Outcome] = [:]
            func begin() {
                guard failures < limits.failures, let situation = rest.popFirst() else { return }
                group.addTask { (situation.name, try await bring(situation)) }
            }
            for _ in 0..<limits.parallel { begin() }
            while let (name, outcome) = try await group.next() {
                outcomes[name] = outcome
                report.ended(name, outcome)
                switch outcome {
                case .done, .waits: break
                case .failed: failures += 1
                case .stopped: rest = []
                }
                begin()
            }
            return outcomes
        }
    }

    /// Brings one tenant to what is wanted, run by run.
    private func bring(_ first: TenantSituation) async throws -> Outcome {
        var situation = first
        for _ in 0..<Self.moves {
            let request: EngineRequest
            switch situation.move {
            case .none: return .done
            case .blocked(let reason, let fix): return .waits("\(reason)\n  fix: \(fix)")
            case .resume(let run, _): request = .resume(run, by: fleet.session.actor, sealedSecrets: nil)
            case .rollBack(let run):
                request = .rollback(run, by: fleet.session.actor, reason: "the fleet wants the tenant otherwise")
            case .start(let purpose):
                do {
                    request = try await fleet.start(purpose, situation)
                } catch {
                    return .failed(CommandFailure(explaining: error).description)
                }
            }
            report.begins(situation.name, request)
            let answer = try await ask(request)
            let before = situation.move
            if case .done = answer {
                switch try await end(of: request.run) {
                case .done: break
                case let outcome: return outcome
                }
            }
            situation = try await fleet.situation(situation.name, wanted: situation.wanted)
            if case .refused(let reason) = answer {
                // An engine that is being stopped refuses everything.
                if Task.isCancelled { return .stopped }
                // Somebody else was first, and that is gone on with.
                if situation.move == before { return .failed("refused: \(reason)") }
            }
        }
        guard situation.move == .none else {
            return .failed("its run succeeded, and it is still not as wanted: does its workflow record its settings?")
        }
        return .done
    }

    /// Waits until a run does nothing more by itself.
    private func end(of run: RunID) async throws -> Outcome {
        let session = fleet.session
        var looks = 0
        while true {
            guard let record = try await session.journal.runs(RunQuery(id: run)).first else { return .stopped }
            switch record.status {
            case .succeeded, .rolledBack: return .done
            case .unknown: return .waits("run \(run) is unknown\n  fix: runner show \(run)")
            case .failed, .cancelled, .rollbackFailed:
                return .failed(try await reason(of: record))
            case .pending, .running, .cancelling, .rollingBack: break
            }
            looks += 1
            if looks.isMultiple(of: 10), let (waiting, step, command) = try await session.waiting(record) {
                return .waits("run \(waiting.id) waits at '\(step)'\n  fix: \(command)")
            }
            do { try await Task.sleep(for: Self.pause) } catch { return .stopped }
        }
    }

    private func reason(of record: RunRecord) async throws -> String {
        let machine = try await fleet.session.machine(of: record).machine
        let failure = machine.instances.lazy.compactMap { machine[$0].failure?.message }.first
        return "run \(record.id) ended as \(record.status.rawValue)" + (failure.map { ": \($0)" } ?? "")
            + "\n  fix: runner show \(record.id)"
    }
}

extension FleetRunner.Outcome {
    var isDone: Bool { if case .done = self { true } else { false } }
}
