import Foundation
import Workflow

/// A line for each event: for pipes and logs.
struct PlainView: RunView {
    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool) {
        let place = isRoot ? "" : "\(run) "
        if case .attemptPrepared = event { return }
        Terminal.print("\(time.clock) \(place)\(event.summary(in: machine.graph))")
        if case .attemptFailed(_, let error, _) = event, let remedy = error.remedy {
            Terminal.print("         fix: \(remedy)")
        }
    }

    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp) {}
    func end(_ machine: RunMachine, of run: RunID) {}
}

/// A JSON object for each event.
struct JSONView: RunView {
    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool) {
        var object: [String: Value] = [
            "time": .string(time.iso8601), "run": .string(run.rawValue), "status": .string(machine.status.rawValue),
            "text": .string(event.summary(in: machine.graph)),
        ]
        // The code is left out where an event cannot be written as JSON; such a one would not be in the journal.
        if let stored = try? event.stored(), let code = stored[0] { object["event"] = code }
        if let instance = event.instance {
            object["step"] = .string(machine.graph.name(of: instance))
            if machine.contains(instance) { object["step_status"] = .string(machine[instance].status.rawValue) }
        }
        Terminal.print(Value.object(object).canonicalJSON)
    }

    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp) {}
    func end(_ machine: RunMachine, of run: RunID) {}
}

extension RunEvent {
    /// The instance that the event is about.
    var instance: InstanceID? {
        switch self {
        case .skipped(let id, _, _), .attemptStarted(let id, _), .attemptPrepared(let id, _),
            .attemptSucceeded(let id, _, _, _), .attemptFailed(let id, _, _), .attemptInterrupted(let id, _),
            .outcomeUnknown(let id, _), .waitStarted(let id, _), .timerFired(let id), .approved(let id, _, _),
            .rejected(let id, _, _), .resolved(let id, _, _, _), .revertStarted(let id, _), .reverted(let id, _),
            .revertFailed(let id, _, _), .revertInterrupted(let id):
            id
        case .expanded(let step, _): InstanceID(step)
        case .created, .admitted, .signalReceived, .cancelRequested, .rollbackRequested, .resumed, .retryRequested,
            .settled:
            nil
        }
    }
}

extension Timestamp {
    private var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// `14:05:09` in the machine's time zone.
    var clock: String { date.formatted(Date.VerbatimFormatStyle.clock) }
    /// `2026-11-23T14:05:09.123Z`
    var iso8601: String { date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}

extension Date.VerbatimFormatStyle {
    fileprivate static var clock: Self {
        Self(
            format: """
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\
                \(second: .twoDigits)
                """,
            timeZone: .current, calendar: .current)
    }
}
