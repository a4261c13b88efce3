import TestSupport
import Testing
import Workflow

extension Life {
    /// The run has ended as it should, and nothing that was said of it is lost.
    func check(_ state: State) async throws {
        #expect(state.status == world.ending.rawValue, "\(report)")
        let history = try await world.home.succeed("audit", "log", "--json")
        let lines = Set(history.lines)
        for line in told where !lines.contains(line) {
            Issue.record("the user was told this, and it is lost: \(line)\n\(report)")
        }
        let verified = try await world.home.run("audit", "verify")
        #expect(verified.status == 0, "\(verified.text)\n\(report)")
        let integrity = try await world.home.shell(#"sqlite3 "$home/home/runner.db" 'PRAGMA integrity_check'"#)
        #expect(integrity.output == "ok\n", "\(integrity.text)\n\(report)")
        let runs = try await world.home.succeed("runs", "--json")
        #expect(runs.lines.count == 1, "the run was started twice\n\(report)")
        try check(History(history.lines))
    }

    /// The journal and the record agree, and nothing was done twice.
    private func check(_ history: History) {
        for effect in World.effects {
            let (step, name) = (effect.step, effect.name)
            let (applied, reverted) = (world.count("apply \(name)"), world.count("revert \(name)"))
            func check(_ isSo: Bool, _ what: String) { if !isSo { Issue.record("\(step): \(what)\n\(report)") } }

            check(applied > 0, "not done")
            check(applied <= history.count("start", step), "done \(applied) times, and begun less often")
            check(effect.kind == .repeatable || applied == 1, "done \(applied) times")
            let (done, judged) = (history.count("ok", step), history.count("resolve", step))
            check(done == 1 || done == 0 && judged > 0, "finished \(done) times")
            guard world.ending == .rolledBack else { continue }
            check(reverted > 0, "not undone")
            check(reverted <= history.count("revert", step), "undone \(reverted) times, and begun less often")
            check(
                reverted <= 1 + history.count("revertinterrupt", step),
                "undone \(reverted) times, and interrupted less often")
            check(history.count("reverted", step) == 1, "finished undoing \(history.count("reverted", step)) times")
        }
        #expect(world.ending == .rolledBack || !world.lines.contains { $0.hasPrefix("revert") }, "\(report)")
    }
}

/// What the journal says of each step.
private struct History {
    private var counts: [String: Int] = [:]

    /// - Parameter lines: Of `runner audit log --json`.
    init(_ lines: [String]) throws {
        for line in lines {
            let event = try Value(json: line)
            guard let code = event["event"]?.stringValue, let step = event["step"]?.stringValue else { continue }
            let isInner = event["run"]?.stringValue?.contains(".") == true
            counts["\(code) \(isInner ? "sub." : "")\(step)", default: 0] += 1
        }
    }

    func count(_ event: String, _ step: String) -> Int { counts["\(event) \(step)", default: 0] }
}
