import Foundation

/// Where the engine's time comes from; passed in, so that tests and the simulation move it by hand.
public protocol TimeSource: Sendable {
    /// Wall-clock time.
    func now() -> Timestamp
    /// Returns once `deadline` has passed; throws `CancellationError` where the task is cancelled before.
    func sleep(until deadline: Timestamp) async throws
}

/// The machine's own clock.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Timestamp {
        Timestamp(milliseconds: Int(Date().timeIntervalSince1970 * 1000))
    }

    public func sleep(until deadline: Timestamp) async throws {
        // In slices: the wall clock may be set while we sleep by the monotonic one.
        while true {
            let left = deadline - now()
            if left <= .zero { return }
            try await Task.sleep(for: min(left, .seconds(30)))
        }
    }
}
