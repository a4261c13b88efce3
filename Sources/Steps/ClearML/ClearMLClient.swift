package import Foundation
package import Workflow

/// Calls ClearML's API.
///
/// What only reads is repeated over hiccups of the network and while a proxy says "not now". What changes something is
/// sent once: a call whose reply was lost may have been carried out, and only the caller can look whether it was.
package struct ClearMLClient: Sendable {
    /// Where the API answers: scheme, host and, where it is not at the root, a path.
    package let url: String
    private let credentials: ClearMLCredentials?
    private let login: ClearMLLogin
    /// Such as `2.31`; nil: the newest the server has.
    private let version: String?
    private let trust: HTTPTrust
    private let transport: ClearMLTransport

    package init(
        url: String, credentials: ClearMLCredentials?, login: ClearMLLogin = .basic, version: String? = nil,
        trust: HTTPTrust = .system, transport: ClearMLTransport
    ) {
        self.url = String(url.reversed().drop { $0 == "/" }.reversed())
        self.credentials = credentials
        self.login = login
        self.version = version
        self.trust = trust
        self.transport = transport
    }

    /// The same server, asked with other credentials.
    package func signedIn(with credentials: ClearMLCredentials) -> ClearMLClient {
        ClearMLClient(
            url: url, credentials: credentials, version: version, trust: trust, transport: transport)
    }

    /// Asks, and changes nothing.
    ///
    /// - Parameters:
    ///   - endpoint: Such as `users.get_current_user`.
    ///   - identity: As whom; nil: as the owner of the credentials.
    /// - Returns: The reply, whose code is 200.
    package func read(
        _ endpoint: String, _ parameters: Value = [:], as identity: ClearMLIdentity? = nil,
        retry: HTTPRetry = HTTPRetry()
    ) async throws(ClearMLFailure) -> ClearMLEnvelope {
        try await call(endpoint, parameters, as: identity, changes: false, retry: retry)
    }

    /// Changes something, once.
    ///
    /// - Returns: The reply, whose code is 200.
    /// - Throws: A failure whose `mayHaveHappened` says whether the caller has to look at what became of it.
    package func change(
        _ endpoint: String, _ parameters: Value = [:], as identity: ClearMLIdentity? = nil
    ) async throws(ClearMLFailure) -> ClearMLEnvelope {
        // A request that certainly never left is sent again: nobody can have carried it out.
        try await call(endpoint, parameters, as: identity, changes: true, retry: HTTPRetry())
    }

    private func call(
        _ endpoint: String, _ parameters: Value, as identity: ClearMLIdentity?, changes: Bool, retry: HTTPRetry
    ) async throws(ClearMLFailure) -> ClearMLEnvelope {
        guard let credentials, login == .token else {
            let authorization = credentials.map { HTTPAuthorization.basic(user: $0.key, password: $0.secret) }
            return try await send(endpoint, parameters, authorization, as: identity, changes: changes, retry: retry)
        }
        let session = ClearMLSessions.Key(url: url, credentials: credentials)
        if let token = await transport.sessions.token(of: session) {
            do throws(ClearMLFailure) {
                return try await send(
                    endpoint, parameters, .bearer(token: token), as: identity, changes: changes, retry: retry)
            } catch {
                // Tokens end. Who shows one that has is turned away before anything is done.
                guard case .refused(401, _) = error.cause else { throw error }
                await transport.sessions.forget(token, of: session)
            }
        }
        let token = try await logIn(credentials, retry: retry)
        await transport.sessions.keep(token, of: session)
        return try await send(
            endpoint, parameters, .bearer(token: token), as: identity, changes: changes, retry: retry)
    }

    private func logIn(_ credentials: ClearMLCredentials, retry: HTTPRetry) async throws(ClearMLFailure) -> String {
        let reply = try await send(
            "auth.login", ["expiration_sec": .integer(ClearMLSessions.lifetimeSeconds)],
            .basic(user: credentials.key, password: credentials.secret), as: nil, changes: false, retry: retry)
        guard let token = reply.data["token"]?.stringValue, !token.isEmpty else {
            throw ClearMLFailure(
                .noReply(.invalidResponse), call: "POST \(url)/auth.login", message: "the reply holds no token",
                advice: "use login: basic")
        }
        return token
    }

    private func send(
        _ endpoint: String, _ parameters: Value, _ authorization: HTTPAuthorization?, as identity: ClearMLIdentity?,
        changes: Bool, retry: HTTPRetry
    ) async throws(ClearMLFailure) -> ClearMLEnvelope {
        var request = HTTPRequest(
            .post, [url, version.map { "v\($0)" }, endpoint].compactMap { $0 }.joined(separator: "/"),
            headers: [HTTPHeader("Content-Type", "application/json"), HTTPHeader("Accept", "application/json")],
            body: Data(parameters.canonicalJSON.utf8),
            authorization: authorization, trust: trust, isRepeatable: !changes)
        if let identity { request.headers.append(identity.header) }
        let response: HTTPResponse
        do {
            response = try await transport.perform(request, retry: retry)
        } catch {
            throw ClearMLFailure(
                .noReply(error.kind), call: error.request, message: error.message,
                mayHaveHappened: changes && error.delivery == .unknown)
        }
        return try Self.judge(response, to: request.description, changes: changes)
    }

    private static func judge(
        _ response: HTTPResponse, to call: String, changes: Bool
    ) throws(ClearMLFailure) -> ClearMLEnvelope {
        guard let envelope = ClearMLEnvelope(response.body), envelope.code == response.status else {
            throw notClearML(response, to: call, changes: changes)
        }
        guard envelope.code == 200 else {
            // An error of the server's own below 500 comes before it does anything; after that it may have begun.
            throw ClearMLFailure(
                .refused(code: envelope.code, subcode: envelope.subcode), call: call,
                message: "\(envelope.message) (\(envelope.code)/\(envelope.subcode))",
                mayHaveHappened: changes && envelope.code >= 500)
        }
        return envelope
    }

    private static func notClearML(_ response: HTTPResponse, to call: String, changes: Bool) -> ClearMLFailure {
        let start = response.text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(120)
        var message = "the answer (HTTP \(response.status)) is not that of a ClearML API server"
        if !start.isEmpty { message += ": \(start)" }
        var advice: String?
        if let redirect = response.redirect {
            let target = HTTPAddress.display(of: redirect)
            message = "the server redirects to \(target)"
            advice = "give the URL that it redirects to"
        }
        // Nobody carries out what they answer with a redirect, or with "too many"; all else may come from a proxy that
        // has lost the reply of the server behind it.
        let certainlyNot = response.redirect != nil || (400..<500).contains(response.status)
        return ClearMLFailure(
            .notClearML(status: response.status), call: call, message: message,
            mayHaveHappened: changes && !certainlyNot, advice: advice)
    }
}

/// The outside world of ``ClearMLClient``: network, time and chance.
package struct ClearMLTransport: Sendable {
    private let http: any HTTPPerforming
    package let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let jitter: @Sendable () -> Double
    let sessions = ClearMLSessions()

    /// - Parameters:
    ///   - clock: Measures pauses and deadlines.
    ///   - now: Wall-clock time, for a `Retry-After` that is a date.
    ///   - jitter: A new number in `0..<1` each time.
    package init(
        http: any HTTPPerforming, clock: any Clock<Duration>, now: @escaping @Sendable () -> Date,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.http = http
        self.clock = clock
        self.now = now
        self.jitter = jitter
    }

    func perform(_ request: HTTPRequest, retry: HTTPRetry) async throws(HTTPFailure) -> HTTPResponse {
        try await retry.perform(request, with: http, clock: clock, now: now, jitter: jitter)
    }
}
