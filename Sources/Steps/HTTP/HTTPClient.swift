import Foundation

package protocol HTTPPerforming: Sendable {
    /// Sends one request, once, and returns the server's reply, whatever its status.
    ///
    /// Cancelling the task ends the transfer at once.
    func perform(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse

    /// Sends a GET and writes the body of its reply to the file at `path`, continuing what an earlier call left there.
    ///
    /// - Parameters:
    ///   - request: Its `responseLimitBytes` is the limit of the whole file.
    ///   - path: Holds what has come so far also after a failure; `<path>.validator` beside it tells which version of the
    ///     resource that is, so that a next call never joins parts of two versions.
    ///   - progress: Called in order, on the client's own thread, after each piece; must not block.
    func download(
        _ request: HTTPRequest, to path: String, progress: @escaping @Sendable (HTTPProgress) -> Void
    ) async throws(HTTPFailure) -> HTTPDownload
}

/// How far a download is.
package struct HTTPProgress: Hashable, Sendable {
    /// In the file, earlier calls included.
    package let bytes: Int
    /// Of the whole file; nil if the server does not say.
    package let total: Int?
}

/// How a download ended.
package struct HTTPDownload: Sendable {
    /// The server's reply. Its body is empty when the file is complete, else the server's explanation.
    package let response: HTTPResponse
    /// The file holds everything.
    package let isComplete: Bool
    /// Bytes that an earlier call had left and that were not sent again.
    package let resumedFrom: Int
}

/// HTTP/1.1 over libcurl, with one thread that runs all transfers and a pool of connections.
///
/// HTTP/1.1 only, because with one request at a time on a connection "sent" and "lost" have one meaning. The proxy
/// variables (`https_proxy`, `NO_PROXY`, …) are honoured as by curl. Certificates are always verified.
package final class HTTPClient: HTTPPerforming {
    private let loop: CurlLoop

    /// - Parameter userAgent: Sent with each request.
    /// - Throws: `other` if libcurl cannot start.
    package init(userAgent: String) throws(HTTPFailure) {
        loop = try CurlLoop(userAgent: userAgent)
    }

    deinit {
        loop.stop()
    }

    package func perform(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        try await exchange(request) { .memory(limitBytes: request.responseLimitBytes) }
    }

    package func download(
        _ request: HTTPRequest, to path: String, progress: @escaping @Sendable (HTTPProgress) -> Void
    ) async throws(HTTPFailure) -> HTTPDownload {
        let partial = HTTPPartialFile(path: path)
        let resume = partial.resumption
        var request = request
        if let resume {
            request.headers += [
                HTTPHeader("Range", "bytes=\(resume.offset)-"), HTTPHeader("If-Range", resume.validator),
            ]
        }
        let offset = resume?.offset ?? 0
        let limit = request.responseLimitBytes
        let response = try await exchange(request) {
            .file(HTTPFileSink(partial, offset: offset, limitBytes: limit, progress: progress))
        }
        switch response.status {
        case 200:
            return HTTPDownload(response: response, isComplete: true, resumedFrom: 0)
        case 206 where HTTPContentRange(response.headers["Content-Range"])?.start == offset:
            return HTTPDownload(response: response, isComplete: true, resumedFrom: offset)
        case 416 where HTTPContentRange(response.headers["Content-Range"])?.total == offset && offset > 0:
            // Nothing is left to send: the last call got everything and was ended before it could say so.
            return HTTPDownload(response: response, isComplete: true, resumedFrom: offset)
        case 206, 416:
            // The server does not keep to what was asked; the next call starts anew.
            partial.forget()
            return HTTPDownload(response: response, isComplete: false, resumedFrom: 0)
        default:
            return HTTPDownload(response: response, isComplete: false, resumedFrom: offset)
        }
    }

    /// Sends `request` and follows its redirects as far as it allows.
    private func exchange(
        _ request: HTTPRequest, into sink: @Sendable () -> HTTPSink
    ) async throws(HTTPFailure) -> HTTPResponse {
        var request = request
        for _ in 0..<max(0, request.redirectLimit) {
            let response = try await loop.perform(request, into: sink())
            guard let next = request.following(response) else { return response }
            request = next
        }
        return try await loop.perform(request, into: sink())
    }
}

extension HTTPRequest {
    /// The request that `response` redirects this one to; nil where there is none, or it must not be followed.
    fileprivate func following(_ response: HTTPResponse) -> HTTPRequest? {
        guard method == .get || method == .head, [301, 302, 303, 307, 308].contains(response.status),
            let redirect = response.redirect, let from = HTTPAddress(url), let target = HTTPAddress(redirect),
            !target.hasCredentials, target.scheme == "https" || from.scheme == "http"
        else { return nil }
        var next = self
        next.url = redirect
        if !target.hasSameOrigin(as: from) {
            next.authorization = nil
            next.headers.removeAll { header in
                !["Accept", "Range", "If-Range", "User-Agent"].contains { header.isNamed($0) }
            }
        }
        return next
    }
}
