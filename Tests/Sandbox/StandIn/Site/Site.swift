import Foundation
import Hummingbird

/// Everything that is served at one address:
///
/// - `/charts/…`: a Helm repository, to be read with Basic credentials;
/// - `/downloads/…`: files by HTTP, resumable;
/// - `/_sandbox/…`: what tests steer it by, see ``Control``;
/// - all else is ClearML's API.
struct Site: HTTPResponder {
    typealias Context = ConnectionContext

    let api: ClearML
    let charts: Folder?
    let downloads: Folder?
    let ledger: Ledger
    let start: SlowStart

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let path = request.uri.path
        let body = try await request.body.collect(upTo: 64 << 20)
        let data = Data(body.readableBytesView)
        if path.hasPrefix("/_sandbox/") {
            let control = Control(api: api, ledger: ledger, reader: charts?.reader)
            return try await control.answer(path, method: request.method.rawValue, body: data).response
        }
        let incoming = APIRequest(request, body: data)
        let name = Self.name(of: path, incoming)
        let (number, fault) = await ledger.open(name, method: request.method.rawValue)
        do {
            let (answer, identity) = try await answer(to: request, incoming, under: fault)
            await ledger.close(number, status: answer?.status, identity: identity)
            guard let answer else {
                await context.disconnect()
                return Response(status: .internalServerError)
            }
            if fault?.kind == .cut { return answer.cut(disconnecting: context.disconnect) }
            return answer.response
        } catch {
            await ledger.close(number, status: 500, identity: nil)
            return Answer.text("Failed processing request \(path): \(error)", status: 500).response
        }
    }

    /// An endpoint's name, or the path of anything else.
    private static func name(of path: String, _ request: APIRequest) -> String {
        let plain = path.drop { $0 == "/" }
        if plain.hasPrefix("charts/") || plain.hasPrefix("downloads/") { return String(plain) }
        return request.target()?.name ?? String(plain)
    }

    /// The answer with its fault, all but what is done to the connection; nil where it is to be lost.
    private func answer(
        to request: Request, _ incoming: APIRequest, under fault: Fault?
    ) async throws -> (Answer?, Call.Identity?) {
        switch fault?.kind {
        case .status: return (.page(fault?.status ?? 502), nil)
        case .garbage: return (Answer(body: Data(#"{"status": "ok"}"#.utf8)), nil)
        case .failure: return (.text("Failed processing request \(request.uri.path)", status: 500), nil)
        case .delay: try await Task.sleep(for: .milliseconds(fault?.delayMilliseconds ?? 1000))
        case .loseReply, .cut, .foreignCompany, nil: break
        }
        let headers = request.headers
        func serve(_ folder: Folder, _ prefix: String) async throws -> Answer {
            try await folder.answer(
                String(request.uri.path.dropFirst(prefix.count)), authorization: headers[.authorization],
                range: headers[.range], ifRange: headers[.ifRange])
        }
        if let charts, request.uri.path.hasPrefix("/charts/") {
            return try await (fault.lose(serve(charts, "/charts/")), nil)
        }
        if let downloads, request.uri.path.hasPrefix("/downloads/") {
            return try await (fault.lose(serve(downloads, "/downloads/")), nil)
        }
        if await start.isStarting() { return (.page(503), nil) }
        if request.method == .options { return (Answer(), nil) }
        if headers[.contentEncoding] != nil { return (.text("Content encoding is not supported", status: 415), nil) }
        let (reply, identity) = try await api.answer(incoming)
        let body = fault?.kind == .foreignCompany ? reply.body.namingForeignCompany : reply.body
        return try (fault.lose(.json(body, status: reply.code)), identity)
    }
}

extension Fault? {
    /// The answer, unless it is to be lost.
    fileprivate func lose(_ answer: Answer) -> Answer? {
        self?.kind == .loseReply ? nil : answer
    }
}

extension JSON {
    /// The answer of `users.get_current_user` with another company in it.
    fileprivate var namingForeignCompany: JSON {
        guard case .object(let members) = self else { return self }
        return .object(
            Dictionary(
                uniqueKeysWithValues: members.map { name, value in
                    let foreign: JSON = ["id": "ffffffffffffffffffffffffffffffff", "name": "somebody else"]
                    return (name, name == "company" ? foreign : value.namingForeignCompany)
                }))
    }
}

extension APIRequest {
    fileprivate init(_ request: Request, body: Data) {
        let components = URLComponents(string: request.uri.description)
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        self.init(
            path: request.uri.path, query: (components?.queryItems ?? []).map { ($0.name, $0.value ?? "") },
            authorization: headers["authorization"],
            impersonating: headers["x-clearml-impersonate-as"] ?? headers["x-trains-impersonate-as"],
            actingAs: headers["x-clearml-act-as"] ?? headers["x-trains-act-as"], body: body)
    }
}
