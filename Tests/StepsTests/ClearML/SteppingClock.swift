import Foundation
import Steps
import Workflow

/// A clock that moves only when somebody sleeps on it, and then at once.
final class SteppingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let time = Locked(Instant(offset: .zero))
    private let pauses = Locked<[Duration]>([])

    var now: Instant { time.with { $0 } }
    let minimumResolution = Duration.nanoseconds(1)
    /// How long was slept, each time.
    var sleeps: [Duration] { pauses.with { $0 } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        pauses.with { $0.append(now.duration(to: deadline)) }
        time.with { $0 = max($0, deadline) }
    }
}

extension ClearMLTransport {
    /// Real HTTP, and no time or chance.
    static func forTests(clock: any Clock<Duration> = SteppingClock()) throws -> ClearMLTransport {
        ClearMLTransport(
            http: try HTTPClient(userAgent: "runner-test"), clock: clock, now: { Date(timeIntervalSince1970: 0) },
            jitter: { 0 })
    }
}

/// Replies as a ClearML API server writes them.
enum ClearMLReply {
    static func body(_ code: Int = 200, _ subcode: Int = 0, _ message: String = "OK", data: String = "{}") -> String {
        """
        {"meta":{"id":"1f","trx":"1f","endpoint":{"name":"x.y","requested_version":"2.34","actual_version":"2.4"},\
        "result_code":\(code),"result_subcode":\(subcode),"result_msg":"\(message)","error_stack":null,"error_data":{}},\
        "data":\(data)}
        """
    }

    static let supervisor = body(
        data: """
            {"user":{"id":"__supervisor__","name":"supervisor","role":"system","created":"2026-01-01T00:00:00Z",\
            "company":{"id":"d1bd92a3b039400cbafc60a7a5b1e52b","name":"clearml"}}}
            """)
}
