import Foundation
import Workflow

/// The DAG on a terminal, drawn anew as it changes: what runs and for how long, and what waits for what.
final class LiveView: RunView, @unchecked Sendable {  // Used by one follower, one call after the other.
    private let hasColour: Bool
    private var drawn: [Line] = []

    /// A line as it is shown; the glyph is kept apart, as colour must not count for the width.
    private struct Line: Hashable {
        var status: StepStatus?
        var text: String
    }

    init(environment: [String: String]) {
        hasColour = environment["NO_COLOR"]?.isEmpty ?? true
    }

    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool) {
        guard isRoot, case .attemptFailed(let id, let error, _) = event else { return }
        erase()
        Terminal.print("\(machine.graph.name(of: id)): \(error)")
    }

    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp) {
        let lines = fitted(lines(machine, run, time))
        guard lines != drawn else { return }
        let text = lines.map { line in
            let glyph = line.status.map { "  \(paint(Self.glyph($0), $0)) " } ?? ""
            return "\u{1B}[2K\(glyph)\(line.text)\n"
        }
        let back = drawn.isEmpty ? "" : "\u{1B}[\(drawn.count)A"
        Terminal.draw(back + text.joined() + (lines.count < drawn.count ? "\u{1B}[J" : ""))
        drawn = lines
    }

    func end(_ machine: RunMachine, of run: RunID) { drawn = [] }

    private func erase() {
        guard !drawn.isEmpty else { return }
        Terminal.draw("\u{1B}[\(drawn.count)A\u{1B}[J")
        drawn = []
    }

    private func lines(_ machine: RunMachine, _ run: RunID, _ now: Timestamp) -> [Line] {
        let width = machine.graph.nodes.map(\.id.count).max() ?? 0
        let steps = machine.graph.nodes.enumerated().map { step, node in
            let instances = machine.steps[step].instances
            let status = machine.steps[step].status
            let name = node.id.padded(to: width)
            return Line(status: status, text: "\(name)  \(detail(step, instances, status, machine, now))")
        }
        return [Line(text: "run \(run)  \(machine.status.rawValue)")] + steps
    }

    /// What the terminal has room for: a line that is wrapped, or scrolled away, could not be drawn over.
    private func fitted(_ lines: [Line]) -> [Line] {
        let (columns, rows) = Terminal.size
        var lines = lines
        let surplus = lines.count - max(3, rows - 2)
        if surplus > 0 {
            // What is done or far away is told by number.
            var left = surplus + 1
            var hidden = 0
            for quiet in [StepStatus.succeeded, .skipped, .reverted, .pending, .cancelled] {
                lines.removeAll { line in
                    guard left > 0, line.status == quiet else { return false }
                    left -= 1
                    hidden += 1
                    return true
                }
            }
            lines.append(Line(text: "    … and \(hidden) more"))
        }
        return lines.map { line in
            let text = line.text.split(whereSeparator: \.isNewline).joined(separator: " ")
            return Line(status: line.status, text: String(text.prefix(max(10, columns - 5))))
        }
    }

    private func detail(
        _ step: Int, _ instances: [InstanceState], _ status: StepStatus, _ machine: RunMachine, _ now: Timestamp
    ) -> String {
        let done = instances.count > 1 ? " (\(instances.count { $0.status == .succeeded }) of \(instances.count))" : ""
        switch status {
        case .pending:
            let missing = machine.graph.nodes[step].needs.filter { !machine.steps[$0].isDone }
            let names = missing.prefix(4).map { machine.graph.nodes[$0].id }.joined(separator: ", ")
            return missing.isEmpty ? "ready" : "needs \(names)\(missing.count > 4 ? ", …" : "")"
        case .running, .reverting, .backingOff:
            let started = instances.filter { $0.status == status }.compactMap(\.startedAt).min()
            let attempt = instances.map(\.attempts).max() ?? 1
            // Whole seconds, so that nothing is drawn anew between them.
            let seconds = started.map { (now - $0).milliseconds / 1000 } ?? 0
            let time = seconds > 0 ? " \(Duration.seconds(seconds).text)" : ""
            let next = instances.compactMap(\.deadline).min().map { ", next try at \($0.clock)" } ?? ""
            return status.rawValue + done + time + (attempt > 1 ? ", attempt \(attempt)" : "")
                + (status == .backingOff ? next : "")
        case .waiting:
            if case .waiting(let wait)? = instances.first(where: { $0.status == .waiting })?.phase {
                return wait.text + done
            }
            return "waiting"
        case .succeeded, .failed:
            guard let from = instances.compactMap(\.startedAt).min(), let to = instances.compactMap(\.endedAt).max()
            else {
                return status.rawValue
            }
            return (to - from).text + done
        default: return status.rawValue + done
        }
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

extension RunMachine.StepState {
    /// Of several items, the status that says most. A `for_each` over nothing was passed over.
    var status: StepStatus {
        guard !instances.isEmpty else { return isDone ? .skipped : .pending }
        let order: [StepStatus] = [
            .unknown, .failed, .revertFailed, .running, .reverting, .backingOff, .waiting, .pending, .cancelled,
            .reverted, .succeeded,
        ]
        let items = Set(instances.map(\.status))
        return order.first(where: items.contains) ?? .skipped
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
