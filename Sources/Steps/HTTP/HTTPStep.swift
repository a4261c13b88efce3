import Foundation
package import Workflow

/// `http.request`: sends one HTTP request.
///
/// A request that only asks (GET, HEAD) is its own observation. One that changes something is never sent twice by
/// itself unless it is said to be `idempotent` or `check` has told that it did not work: its lost reply, and a proxy's
/// word that it lost its server (502, 503, 504), leave the outcome unknown.
package struct HTTPStep: StepKind {
    package let name = "http.request"
    package let summary = "Sends an HTTP request and checks the reply."
    package let parameters =
        [
            Parameter("url", .string(.uri), required: true, "Where to, with http or https."),
            Parameter("method", .oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), default: "GET", "How."),
            Parameter("headers", .map(.string), default: [:], secret: true, "Further headers."),
            Parameter("body", .any, secret: true, "A text, or a value that is sent as JSON."),
            Parameter(
                "expect", .array(.integer(100...599)),
                "Statuses that are a success; without it, 200 to 299. GET and HEAD follow redirects if it names none."
            ),
            Parameter("timeout", .duration, default: "60s", "The longest time for the whole request."),
            Parameter("max_bytes", .integer(0...(1 << 30)), default: .integer(1 << 20), "The largest reply accepted."),
            Parameter(
                "idempotent", .boolean, default: false,
                "Sending it twice does no harm, so that it may be sent again after a lost reply."),
            Parameter(
                "check", .string(.uri),
                "A URL that answers a GET, with the same headers and credentials, with 2xx where the work is done "
                    + "already (its reply is the step's output then), and with 404 where it is not."),
            Parameter(
                "secret", .boolean, default: false,
                "The reply's body is a secret: it is no part of errors, and the output, with each text in it, is sealed."
            ),
        ] + HTTPParameters.access
    package let outputs = [
        Parameter("status", .integer, "The reply's status."),
        Parameter("body", .any, "The reply: a value where it is JSON, else a text."),
    ]
    package let reverting = Reverting.automatic

    private let client: any HTTPPerforming

    package init(client: any HTTPPerforming) {
        self.client = client
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let request = try request(input)
        if request.method.isSafe { return .present(try await send(request, input)) }
        guard let check = try input.optionalString("check") else {
            let isIdempotent = try input.flag("idempotent")
            return isIdempotent ? .absent() : .unknown("a \(request.method.rawValue) without 'check' cannot be asked")
        }
        let question = question(check, of: request)
        let response = try await perform(question)
        switch response.status {
        case 200..<300: return .present(try output(of: response, input))
        case 404, 410: return .absent()
        default: throw try refusal(response, question, input)
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await send(try request(input), input)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let request = try request(input)
        return request.method.isSafe ? [] : ["what \(request) did"]
    }

    // MARK: Requests

    private func request(_ input: StepInput) throws(StepError) -> HTTPRequest {
        var headers: [HTTPHeader] = []
        for (name, value) in try input.object("headers").sorted(by: { $0.key < $1.key }) {
            headers.append(HTTPHeader(name, value.stringValue ?? value.canonicalJSON))
        }
        var body: Data?
        if let value = input["body"] {
            body = Data((value.stringValue ?? value.canonicalJSON).utf8)
            if value.stringValue == nil, headers["Content-Type"] == nil {
                headers.append(HTTPHeader("Content-Type", "application/json"))
            }
        }
        guard let method = HTTPRequest.Method(rawValue: try input.string("method")) else {
            throw StepError(.permanent, "there is no such method", object: "method", remedy: "correct 'method'")
        }
        let timeout = try input.duration("timeout") ?? .seconds(60)
        let isIdempotent = try input.flag("idempotent")
        return HTTPRequest(
            method, try input.string("url"), headers: headers, body: body, authorization: try input.authorization(),
            trust: try input.trust(), isRepeatable: method.isSafe || isIdempotent, timeout: timeout,
            // A server may take all its time before the first byte.
            stallTimeout: timeout, responseLimitBytes: try input.integer("max_bytes"),
            redirectLimit: expected(input).contains { (300..<400).contains($0) } ? 0 : 5)
    }

    private func question(_ url: String, of request: HTTPRequest) -> HTTPRequest {
        var question = request
        question.method = .get
        question.url = url
        question.body = nil
        question.headers.removeAll { $0.isNamed("Content-Type") }
        question.isRepeatable = true
        return question
    }

    private func send(_ request: HTTPRequest, _ input: StepInput) async throws(StepError) -> StepOutput {
        let response = try await perform(request)
        let expected = expected(input)
        guard expected.isEmpty ? response.isSuccess : expected.contains(response.status) else {
            throw try refusal(response, request, input)
        }
        return try output(of: response, input)
    }

    private func perform(_ request: HTTPRequest) async throws(StepError) -> HTTPResponse {
        do {
            return try await client.perform(request)
        } catch {
            throw StepError(error, changes: !request.isRepeatable)
        }
    }

    private func expected(_ input: StepInput) -> [Int] {
        input["expect"]?.arrayValue?.compactMap(\.integerValue) ?? []
    }

    // MARK: Replies

    private func output(of response: HTTPResponse, _ input: StepInput) throws(StepError) -> StepOutput {
        let isJSON = response.headers["Content-Type"]?.lowercased().contains("json") == true
        let body = (isJSON ? try? Value(json: response.body) : nil) ?? .string(response.text)
        let status: [String: Value] = ["status": .integer(response.status)]
        return try input.flag("secret")
            ? StepOutput(status, secretValues: ["body": body]) : StepOutput(status.merging(["body": body]) { $1 })
    }

    private func refusal(
        _ response: HTTPResponse, _ request: HTTPRequest, _ input: StepInput
    ) throws(StepError) -> StepError {
        let words = try input.flag("secret") ? "" : Excerpt.beginning(of: request.withoutSecrets(response.text))
        let target = response.redirect.map { ", a redirect to \(HTTPAddress.display(of: $0))" } ?? ""
        return StepError(
            Self.kind(of: response.status, isRepeatable: request.isRepeatable),
            "the server answered \(response.status)" + target + (words.isEmpty ? "" : ": \(words)"),
            object: request.description, remedy: Self.remedy(for: response.status))
    }

    /// A server that says "not now" has done nothing; a proxy that has lost its server cannot know.
    private static func kind(of status: Int, isRepeatable: Bool) -> StepError.Kind {
        switch status {
        case 408, 425, 429: .transient
        case 500: isRepeatable ? .transient : .permanent
        case 502, 503, 504: isRepeatable ? .transient : .outcomeUnknown
        case 409, 412: .conflict
        default: .permanent
        }
    }

    private static func remedy(for status: Int) -> String {
        switch status {
        case 300..<400: "use the URL that it redirects to, if it is the right one"
        case 401, 403: "check the credentials and what they are allowed to do"
        case 404, 410: "check the URL"
        case 409, 412: "look at what is there already"
        case 429: "wait, or ask for a higher limit"
        case 500...: "look at the server's log"
        default: "correct the request as the server's answer says"
        }
    }
}
