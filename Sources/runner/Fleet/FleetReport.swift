import Steps
import Workflow

/// What is said of a fleet while it is brought to what is wanted: a line for each run and each end.
struct FleetReport: Sendable {
    let isJSON: Bool

    func begins(_ tenant: String, _ request: EngineRequest) {
        let verb =
            switch request {
            case .start(_, let header, _): header.workflow
            case .rollback: "undone"
            default: "goes on"
            }
        say(tenant, verb, run: request.run)
    }

    func ended(_ tenant: String, _ outcome: FleetRunner.Outcome) {
        switch outcome {
        case .done: say(tenant, "done")
        case .failed(let reason): say(tenant, "failed", reason)
        case .waits(let reason): say(tenant, "waits", reason)
        case .stopped: say(tenant, "stopped", "it goes on with the next 'runner fleet apply'")
        }
    }

    private func say(_ tenant: String, _ what: String, _ detail: String? = nil, run: RunID? = nil) {
        guard !isJSON else {
            return Terminal.print(
                Value.object([
                    "tenant": .string(tenant), "event": .string(what), "detail": detail.map { .string($0) } ?? .null,
                    "run": run.map { .string($0.rawValue) } ?? .null,
                ]).canonicalJSON)
        }
        Terminal.print("\(tenant): \(what)" + (run.map { ", run \($0)" } ?? "") + (detail.map { ": \($0)" } ?? ""))
    }
}
