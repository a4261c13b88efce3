import Workflow

/// A clock that stands until a test moves it.
final class ManualTime: TimeSource {
    private struct State {
        var now = Timestamp.start
        var sleepers: [Int: (until: Timestamp, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
        var next = 0
    }

    private let state = Locked(State())

    func now() -> Timestamp { state.with { $0.now } }

    func sleep(until deadline: Timestamp) async throws {
        let id = state.with { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.with { state -> Result<Void, any Error>? in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if state.now >= deadline { return .success(()) }
                    state.sleepers[id] = (deadline, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let sleeper = state.with { state in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper.continuation as Optional }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }

    /// Moves the clock, and wakes who has slept long enough. Never backwards.
    func move(to time: Timestamp) {
        let awake = state.with { state in
            state.now = max(state.now, time)
            let awake = state.sleepers.filter { $0.value.until <= state.now }
            for id in awake.keys { state.sleepers[id] = nil }
            return awake.values.map(\.continuation)
        }
        for continuation in awake { continuation.resume() }
    }

    func move(by duration: Duration) { move(to: now() + duration) }
}
