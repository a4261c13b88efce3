import CCurl
package import Foundation

/// When to send a request again, inside one attempt of a step: over hiccups of a proxy or a rolling restart.
///
/// A request that is not repeatable is sent again only if it certainly never left. One that is, also after a lost
/// connection or a timeout, and where the server says "not now": 429, 502, 503, 504.
package struct HTTPRetry: Hashable, Sendable {
    /// Tries in all; 1: no retry.
    package var attempts: Int
    /// Upper bound of the first wait; doubled for each further one.
    package var initial: Duration
    /// Upper bound of every wait.
    package var maximum: Duration
    /// A server that asks for a longer pause than this gets none: its reply is returned.
    package var longestPause: Duration

    package init(
        attempts: Int = 5, initial: Duration = .milliseconds(500), maximum: Duration = .seconds(20),
        longestPause: Duration = .seconds(60)
    ) {
        self.attempts = attempts
        self.initial = initial
        self.maximum = maximum
        self.longestPause = longestPause
    }

    /// No retry.
    package static let never = HTTPRetry(attempts: 1)

    /// Time to wait before the next try; nil: there is none.
    ///
    /// - Parameters:
    ///   - outcome: Of the try that has just ended.
    ///   - attempt: Its number, 1-based.
    ///   - now: Wall-clock time, for a `Retry-After` that is a date.
    ///   - jitter: In `0..<1`; full jitter, see <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
    package func delay(
        after outcome: Result<HTTPResponse, HTTPFailure>, of request: HTTPRequest, attempt: Int, now: Date,
        jitter: Double
    ) -> Duration? {
        guard attempt < attempts else { return nil }
        let ceiling = min(maximum, initial * (1 << min(attempt - 1, 20)))
        let backoff = ceiling * jitter
        switch outcome {
        case .failure(let failure):
            switch failure.kind {
            case .couldNotResolve, .couldNotConnect, .timedOut, .connectionLost:
                return failure.delivery == .notSent || request.isRepeatable ? backoff : nil
            case .invalidRequest, .tls, .tooLarge, .invalidResponse, .couldNotWrite, .cancelled, .other:
                return nil
            }
        case .success(let response):
            guard request.isRepeatable, [429, 502, 503, 504].contains(response.status) else { return nil }
            guard let pause = Self.retryAfter(response.headers["Retry-After"], now: now) else { return backoff }
            // Never earlier than asked for, and not all at the same moment.
            return pause <= longestPause ? pause + backoff : nil
        }
    }

    /// Sends `request` until it is answered for good.
    ///
    /// - Parameters:
    ///   - now: Wall-clock time.
    ///   - jitter: A new number in `0..<1` each time.
    package func perform(
        _ request: HTTPRequest, with client: any HTTPPerforming, clock: any Clock<Duration>,
        now: @Sendable () -> Date, jitter: @Sendable () -> Double
    ) async throws(HTTPFailure) -> HTTPResponse {
        var attempt = 1
        while true {
            let outcome: Result<HTTPResponse, HTTPFailure>
            do throws(HTTPFailure) {
                outcome = .success(try await client.perform(request))
            } catch {
                outcome = .failure(error)
            }
            guard let delay = delay(after: outcome, of: request, attempt: attempt, now: now(), jitter: jitter()) else {
                return try outcome.get()
            }
            do {
                try await clock.sleep(for: delay)
            } catch {
                let before =
                    if case .failure(let failure) = outcome { failure.delivery } else { HTTPFailure.Delivery.unknown }
                throw HTTPFailure(.cancelled, before, request: request.description, message: "cancelled between tries")
            }
            attempt += 1
        }
    }

    /// A number of seconds, or a date (RFC 9110, section 10.2.3).
    private static func retryAfter(_ value: String?, now: Date) -> Duration? {
        guard let value = value?.trimmingCharacters(in: .whitespaces), !value.isEmpty else { return nil }
        if let seconds = Int(value) { return seconds >= 0 ? .seconds(min(seconds, 1_000_000)) : nil }
        let date = curl_getdate(value, nil)
        guard date >= 0 else { return nil }
        return .seconds(max(0, Double(date) - now.timeIntervalSince1970))
    }
}
