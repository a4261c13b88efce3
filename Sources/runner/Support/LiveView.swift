import Foundation
import Workflow

/// The DAG on a terminal, drawn anew as it changes: what runs and for how long, and what waits for what.
final class LiveView: RunView, @unchecked Sendable {  // Used by one follower, one call after the other.
    private let hasColour: Bool
    private var drawnLines = 0

    init(environment: [String: String]) {
        hasColour = environment["NO_COLOR"] == nil
    }

    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool) {
        guard isRoot, case .attemptFailed(let id, let error, _) = event else { return }
        erase()
        Terminal.print("\(machine.graph.name(of: id)): \(error)")
    }

    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp) {
        var lines = ["run \(run)  \(machine.status.rawValue)"]
        let width = machine.graph.nodes.map(\.id.count).max() ?? 0
        for (step, node) in machine.graph.nodes.enumerated() {
            let instances = machine.steps[step].instances
            let status = Self.status(of: instances.map(\.status))
            let name = node.id.padding(toLength: width, withPad: " ", startingAt: 0)
            lines.append("  \(paint(Self.glyph(status), status)) \(name)  \(detail(step, instances, status, machine, time))")
        }
        erase()
        drawnLines = lines.count
        Terminal.print(lines.joined(separator: "\n"))
    }

    func end(_ machine: RunMachine, of run: RunID) { drawnLines = 0 }

    private func erase() {
        guard drawnLines > 0 else { return }
        FileHandle.standardOutput.write(Data("\u{1B}[\(drawnLines)A\u{1B}[J".utf8))
        drawnLines = 0
    }

    private func detail(
        _ step: Int, _ instances: [InstanceState], _ status: StepStatus, _ machine: RunMachine, _ now: Timestamp
    ) -> String {
        switch status {
        case .pending:
            let missing = machine.graph.nodes[step].needs.filter { !machine.steps[$0].isDone }
            return missing.isEmpty ? "ready" : "needs " + missing.prefix(4).map { machine.graph.nodes[$0].id }.joined(separator: ", ")
        case .running, .reverting, .backingOff:
            let started = instances.compactMap(\.startedAt).min()
            let attempt = instances.map(\.attempts).max() ?? 1
            return status.rawValue + (started.map { " " + (now - $0).text } ?? "") + (attempt > 1 ? ", attempt \(attempt)" : "")
        case .waiting:
            if case .waiting(let wait)? = instances.first(where: { $0.status == .waiting })?.phase { return wait.text }
            return "waiting"
        case .succeeded, .failed:
            guard let from = instances.compactMap(\.startedAt).min(), let to = instances.compactMap(\.endedAt).max() else { return "" }
            return (to - from).text
        default: return status.rawValue
        }
    }

    /// The status that says most of several items.
    static func status(of items: [StepStatus]) -> StepStatus {
        let order: [StepStatus] = [
            .unknown, .failed, .revertFailed, .running, .reverting, .backingOff, .waiting, .pending, .cancelled, .reverted,
            .succeeded, .skipped,
        ]
        return order.first(where: items.contains) ?? .pending
    }

    static func glyph(_ status: StepStatus) -> String {
        switch status {
        case .pending: "·"
        case .running: "▶"
        case .backingOff: "↻"
        case .waiting: "◷"
        case .succeeded: "✓"
        case .failed, .revertFailed: "✗"
        case .skipped: "-"
        case .cancelled: "⊘"
        case .unknown: "?"
        case .reverting: "◀"
        case .reverted: "↶"
        }
    }

    private func paint(_ text: String, _ status: StepStatus) -> String {
        guard hasColour else { return text }
        let colour =
            switch status {
            case .succeeded: 32
            case .failed, .revertFailed, .unknown: 31
            case .running, .reverting: 36
            case .backingOff, .waiting: 33
            default: 90
            }
        return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
    }
}

extension Duration {
    /// `850 ms`, `12 s`, `3m04s`, `2h05m`.
    var text: String {
        let seconds = milliseconds / 1000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if milliseconds < 1000 { return "\(max(0, milliseconds)) ms" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60)m\(two(seconds % 60))s" }
        return "\(seconds / 3600)h\(two(seconds / 60 % 60))m"
    }
}

extension Wait {
    var text: String {
        switch self {
        case .timer(let until): "sleeps until \(until.clock)"
        case .approval(let message, _): "waits for approval: \(message)"
        case .signal(let name, _): "waits for signal '\(name)'"
        case .run(let run): "waits for run \(run)"
        }
    }
}
