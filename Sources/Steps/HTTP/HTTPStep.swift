package import Workflow
import Foundation

/// `http.request`: sends one HTTP request.
package struct HTTPStep: StepKind {
    package let name = "http.request"
    package let summary = "Sends an HTTP request and checks the reply."
    package let parameters = [
        Parameter("url", .string(.uri), required: true, "Where to, with http or https."),
        Parameter("method", .oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), default: "GET", "How."),
        Parameter("headers", .map(.string), default: [:], secret: true, "Further headers."),
        Parameter("body", .any, secret: true, "A text, or a value that is sent as JSON."),
        Parameter("user", .string, "The user of Basic authentication."),
        Parameter("password", .string, secret: true, "The password of Basic authentication."),
        Parameter("token", .string, secret: true, "The token of Bearer authentication."),
        Parameter("ca", .string, "Certificates (PEM) of a private authority; the machine's own do not count then."),
        Parameter("expect", .array(.integer(100...599)), "Statuses that are a success; without it, 200 to 299."),
        Parameter("timeout", .duration, default: "60s", "The longest time for the whole request."),
        Parameter("max_bytes", .integer(0...(1 << 30)), default: .integer(1 << 20), "The largest reply that is accepted."),
        Parameter(
            "idempotent", .boolean, default: false,
            "Sending it twice does no harm, so a lost reply needs nobody's judgement."),
        Parameter(
            "check", .string(.uri), "A URL that answers a GET with 2xx where the work is done already, with 404 where not."),
    ]
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
        if let check = try input.optionalString("check") {
            var question = request
            question.method = .get
            question.url = check
            question.body = nil
            question.isRepeatable = true
            let response = try await perform(question, mutates: false)
            if response.isSuccess { return .present(output(of: response)) }
            if response.status == 404 { return .absent() }
            throw refusal(response, question)
        }
        return try input.flag("idempotent") ? .absent() : .unknown("a \(request.method.rawValue) without 'check' cannot be asked")
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

    private func send(_ request: HTTPRequest, _ input: StepInput) async throws(StepError) -> StepOutput {
        let response = try await perform(request, mutates: !request.isRepeatable)
        let expected = input.integers("expect")
        guard expected.isEmpty ? response.isSuccess : expected.contains(response.status) else {
            throw refusal(response, request)
        }
        return output(of: response)
    }

    private func perform(_ request: HTTPRequest, mutates: Bool) async throws(StepError) -> HTTPResponse {
        do {
            return try await client.perform(request)
        } catch {
            throw StepError(error, changes: mutates)
        }
    }

    private func request(_ input: StepInput) throws(StepError) -> HTTPRequest {
        var headers: [HTTPHeader] = []
        for (name, value) in try input.object("headers").sorted(by: { $0.key < $1.key }) {
            headers.append(HTTPHeader(name, value.stringValue ?? value.canonicalJSON))
        }
        var body: Data?
        if let value = input["body"] {
            body = Data((value.stringValue ?? value.canonicalJSON).utf8)
            if value.stringValue == nil, !headers.contains(where: { $0.isNamed("Content-Type") }) {
                headers.append(HTTPHeader("Content-Type", "application/json"))
            }
        }
        guard let method = HTTPRequest.Method(rawValue: try input.string("method")) else {
            throw StepError(.permanent, "no such method", object: "method")
        }
        return HTTPRequest(
            method, try input.string("url"), headers: headers, body: body, authorization: try authorization(input),
            trust: try input.optionalString("ca").map { .authorities(pem: $0) } ?? .system,
            isRepeatable: method.isSafe ? true : try input.flag("idempotent"),
            timeout: try input.duration("timeout") ?? .seconds(60), responseLimitBytes: try input.integer("max_bytes"))
    }

    private func authorization(_ input: StepInput) throws(StepError) -> HTTPAuthorization? {
        if let token = try input.optionalString("token") { return .bearer(token: token) }
        guard let user = try input.optionalString("user") else { return nil }
        return .basic(user: user, password: try input.optionalString("password") ?? "")
    }

    /// 429 and the statuses of a proxy without its server pass by themselves; the server did not act on them.
    private func refusal(_ response: HTTPResponse, _ request: HTTPRequest) -> StepError {
        let words = response.text.prefix(500).split(whereSeparator: \.isNewline).prefix(5).joined(separator: "\n")
        let isPassing = [408, 425, 429, 502, 503, 504].contains(response.status)
        return StepError(
            isPassing ? .transient : .permanent, "the server answered \(response.status)" + (words.isEmpty ? "" : ": \(words)"),
            object: request.description, remedy: Self.remedy(for: response.status))
    }

    private static func remedy(for status: Int) -> String {
        switch status {
        case 401, 403: "check the credentials and what they are allowed to do"
        case 404: "check the URL"
        case 429: "wait, or ask for a higher limit"
        case 500...: "look at the server's log"
        default: "correct the request as the server's answer says"
        }
    }

    private func output(of response: HTTPResponse) -> StepOutput {
        let isJSON = response.headers["Content-Type"]?.contains("json") == true
        let body = (isJSON ? try? Value(json: response.body) : nil) ?? .string(response.text)
        return StepOutput(["status": .integer(response.status), "body": body])
    }
}

extension StepInput {
    /// A list of integers; missing means empty.
    fileprivate func integers(_ name: String) -> [Int] {
        self[name]?.arrayValue?.compactMap(\.integerValue) ?? []
    }
}
