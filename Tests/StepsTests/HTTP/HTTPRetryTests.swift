import Foundation
import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct HTTPRetryTests {
    let policy = HTTPRetry(attempts: 4, initial: .seconds(1), maximum: .seconds(3), longestPause: .seconds(60))
    let get = HTTPRequest(.get, "http://host/")
    let post = HTTPRequest(.post, "http://host/")
    /// 2026-01-01 00:00:00 UTC.
    let now = Date(timeIntervalSince1970: 1_767_225_600)

    func delay(
        _ outcome: Result<HTTPResponse, HTTPFailure>, _ request: HTTPRequest, attempt: Int = 1, jitter: Double = 0.5
    ) -> Duration? {
        policy.delay(after: outcome, of: request, attempt: attempt, now: now, jitter: jitter)
    }

    func reply(_ status: Int, _ retryAfter: String? = nil) -> Result<HTTPResponse, HTTPFailure> {
        .success(HTTPResponse(status: status, headers: retryAfter.map { [HTTPHeader("retry-after", $0)] } ?? []))
    }

    @Test("waits double up to the maximum, and end with the attempts")
    func backoff() {
        #expect(
            (1...4).map { delay(reply(503), get, attempt: $0) } == [
                .milliseconds(500), .seconds(1), .milliseconds(1500), nil,
            ])
        #expect(delay(reply(503), get, jitter: 0) == .zero)
    }

    @Test(
        "only what may pass is retried, and only what may be repeated",
        arguments: [
            200, 301, 400, 401, 403, 404, 409, 429, 500, 501, 502, 503, 504,
        ])
    func statuses(status: Int) {
        #expect((delay(reply(status), get) != nil) == [429, 502, 503, 504].contains(status))
        #expect(delay(reply(status), post) == nil)
    }

    @Test("a change is repeated only if it was never sent", arguments: HTTPFailure.Kind.allCases)
    func failures(kind: HTTPFailure.Kind) {
        let passing: [HTTPFailure.Kind] = [.couldNotResolve, .couldNotConnect, .timedOut, .connectionLost]
        func failure(_ delivery: HTTPFailure.Delivery) -> Result<HTTPResponse, HTTPFailure> {
            .failure(HTTPFailure(kind, delivery, request: "", message: ""))
        }
        #expect((delay(failure(.notSent), post) != nil) == passing.contains(kind))
        #expect(delay(failure(.unknown), post) == nil)
        #expect((delay(failure(.unknown), get) != nil) == passing.contains(kind))
    }

    @Test(
        "the server's own wish is kept, as seconds or as a date, unless it is too long",
        arguments: [
            ("7", 7.5), ("0", 0.5), ("Thu, 01 Jan 2026 00:00:30 GMT", 30.5), ("Thu, 01 Jan 2025 00:00:00 GMT", 0.5),
            ("nonsense", 0.5), ("-3", 0.5),
        ])
    func retryAfter(value: String, seconds: Double) {
        #expect(delay(reply(429, value), get) == .seconds(seconds))
        #expect(delay(reply(429, "61"), get) == nil)
        #expect(delay(reply(429, "99999999999999999999"), get) == .milliseconds(500))
    }

    @Test("a server that comes back is waited for")
    func comesBack() async throws {
        let count = Locked(0)
        let server = try ScriptedServer { connection in
            while connection.receive() != nil {
                let number = count.with { count in
                    count += 1
                    return count
                }
                connection.reply(number < 3 ? "503 Service Unavailable" : "200 OK", body: "\(number)")
            }
        }
        let response = try await policy.perform(
            HTTPRequest(.get, server.url), with: HTTPClient(userAgent: "runner-test"), clock: ContinuousClock(),
            now: { Date(timeIntervalSince1970: 0) }, jitter: { 0 })
        #expect(response.text == "3")
    }

    @Test("a change whose reply is lost is sent once")
    func lost() async throws {
        let server = try ScriptedServer { _ = $0.receive() }
        let client = try HTTPClient(userAgent: "runner-test")
        let failure = await #expect(throws: HTTPFailure.self) {
            try await policy.perform(
                HTTPRequest(.post, server.url), with: client, clock: ContinuousClock(),
                now: { Date(timeIntervalSince1970: 0) }, jitter: { 0 })
        }
        #expect(failure?.delivery == .unknown)
        #expect(server.requests.count == 1)
    }
}
