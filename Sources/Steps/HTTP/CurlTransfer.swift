import CCurl
import Foundation

/// One request on its way: an easy handle, its callbacks, and what has come back so far. Used by the loop's thread alone.
final class CurlTransfer {
    let easy: UnsafeMutableRawPointer

    private let request: HTTPRequest
    private let sink: HTTPSink
    private let completion: CurlLoop.Completion
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headerList: UnsafeMutablePointer<curl_slist>?

    /// Times that the request was about to be sent.
    private var sends = 0
    private var headers: [HTTPHeader] = []
    private var body = Data()
    /// Why a callback gave up; libcurl only says that one did.
    private var abortion: (kind: HTTPFailure.Kind, message: String)?

    /// A server's explanation of why it does not send the file is cut here.
    private static let explanationLimitBytes = 64 << 10

    init(
        _ request: HTTPRequest, _ sink: HTTPSink, userAgent: String, _ completion: @escaping CurlLoop.Completion
    ) throws(HTTPFailure) {
        try request.check()
        guard let easy = curl_easy_init() else {
            throw HTTPFailure(.other, .notSent, request: request.description, message: "libcurl has no memory left")
        }
        self.easy = easy
        self.request = request
        self.sink = sink
        self.completion = completion
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = setUp(userAgent: userAgent)
        guard code == CURLE_OK else { throw failure(code) }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    func cancel() {
        completion(
            .failure(
                HTTPFailure(
                    .cancelled, sends > 0 ? .unknown : .notSent, request: request.description, message: "cancelled")))
    }

    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else { return completion(.failure(failure(code))) }
        do {
            // A reply without a body has never reached `receive`.
            if case .file(let sink) = sink {
                _ = try sink.begin(status: status, headers: headers)
                try sink.finish()
            }
        } catch {
            abort(error)
            return completion(.failure(failure(CURLE_WRITE_ERROR)))
        }
        var redirect: UnsafeMutablePointer<CChar>?
        _ = ccurl_get_string(easy, CURLINFO_REDIRECT_URL, &redirect)
        completion(
            .success(
                HTTPResponse(
                    status: status, headers: headers, body: body, redirect: redirect.map { String(cString: $0) })))
    }

    private var status: Int {
        var status = 0
        _ = ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    // MARK: Setting up

    private func setUp(userAgent: String) -> CURLcode {
        let context = Unmanaged.passUnretained(self).toOpaque()
        var codes = [
            ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText),
            ccurl_only_http(easy),
            ccurl_quick_exit(easy),
            ccurl_set_string(easy, CURLOPT_URL, request.url),
            ccurl_set_string(easy, CURLOPT_USERAGENT, userAgent),
            ccurl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1),
            ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(request.connectTimeout.atLeastOneMillisecond)),
            ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(request.timeout.atLeastOneMillisecond)),
            ccurl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1),
            ccurl_set_long(easy, CURLOPT_LOW_SPEED_TIME, max(1, Int(request.stallTimeout.components.seconds))),
            // libcurl silently sends a request once more when a pooled connection turns out to be dead before the reply:
            // also a POST, which the server may have carried out. A new connection gives it no reason to.
            ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, request.isRepeatable ? 0 : 1),
            ccurl_on_request(easy, { context, _, _, _, _ in CurlTransfer.of(context).willSend() }, context),
            ccurl_on_header(
                easy, { CurlTransfer.of($3).receiveHeader(UnsafeRawBufferPointer(start: $0, count: $2)) }, context),
            ccurl_on_body(easy, { CurlTransfer.of($3).receive(UnsafeRawBufferPointer(start: $0, count: $2)) }, context),
        ]
        codes += method() + trust() + authorization() + headerLines()
        if case .memory(let limit) = sink {
            codes.append(ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, limit))
        }
        return codes.first { $0 != CURLE_OK } ?? CURLE_OK
    }

    private func method() -> [CURLcode] {
        switch (request.method, request.body) {
        case (.get, nil): return [ccurl_set_long(easy, CURLOPT_HTTPGET, 1)]
        case (.head, _): return [ccurl_set_long(easy, CURLOPT_NOBODY, 1)]
        case (.delete, nil), (.options, nil):
            return [ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)]
        case (_, let body):
            return [
                (body ?? Data()).withUnsafeBytes { bytes in
                    // An empty Data has no address, and libcurl takes none for "read it from elsewhere".
                    bytes.baseAddress.map { ccurl_set_body(easy, $0, bytes.count) } ?? ccurl_set_body(easy, "", 0)
                },
                ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue),
            ]
        }
    }

    private func trust() -> [CURLcode] {
        switch request.trust {
        case .system: return []
        case .authorities(let pem):
            let bytes = Array(pem.utf8)
            return [bytes.withUnsafeBytes { ccurl_trust_only(easy, $0.baseAddress, $0.count) }]
        }
    }

    private func authorization() -> [CURLcode] {
        switch request.authorization {
        case nil: []
        case .basic(let user, let password):
            [
                ccurl_set_long(easy, CURLOPT_HTTPAUTH, CCURL_AUTH_BASIC),
                ccurl_set_string(easy, CURLOPT_USERNAME, user),
                ccurl_set_string(easy, CURLOPT_PASSWORD, password),
            ]
        case .bearer(let token):
            [
                ccurl_set_long(easy, CURLOPT_HTTPAUTH, CCURL_AUTH_BEARER),
                ccurl_set_string(easy, CURLOPT_XOAUTH2_BEARER, token),
            ]
        }
    }

    private func headerLines() -> [CURLcode] {
        var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // A name alone takes out what libcurl would add: a wait for "100 Continue", and the type of a web form.
        lines.append("Expect:")
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else { return [CURLE_OUT_OF_MEMORY] }
            headerList = longer
        }
        return [ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)]
    }

    // MARK: Callbacks

    private static func of(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
        guard let context else { preconditionFailure("libcurl lost the context of a callback") }
        return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    private func willSend() -> Int32 {
        sends += 1
        if sends > 1, !request.isRepeatable {
            abortion = (.connectionLost, "the connection was lost before the reply")
            return CURL_PREREQFUNC_ABORT
        }
        return CURL_PREREQFUNC_OK
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if line.hasPrefix("HTTP/") {
            headers = []  // of an interim reply (1xx) before this one
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers.append(HTTPHeader(String(line[..<colon]), value))
        }
        return bytes.count
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        do {
            switch sink {
            case .memory(let limit):
                guard body.count + bytes.count <= limit else { throw HTTPFileSink.Failure.tooLarge }
                body.append(contentsOf: bytes)
            case .file(let sink):
                if try sink.begin(status: status, headers: headers) {
                    try sink.write(bytes)
                } else {
                    body.append(contentsOf: bytes.prefix(max(0, Self.explanationLimitBytes - body.count)))
                }
            }
            return bytes.count
        } catch {
            abort(error)
            return bytes.isEmpty ? 1 : 0  // anything but the count ends the transfer
        }
    }

    private func abort(_ error: any Error) {
        if case HTTPFileSink.Failure.tooLarge = error {
            abortion = (.tooLarge, "the reply is larger than \(request.responseLimitBytes) bytes")
        } else {
            abortion = (.couldNotWrite, "\(error)")
        }
    }

    // MARK: Failures

    private func failure(_ code: CURLcode) -> HTTPFailure {
        let isSent = sends > 0
        if let abortion {
            return HTTPFailure(abortion.kind, .unknown, request: request.description, message: abortion.message)
        }
        let kind = HTTPFailure.Kind(code, isSent: isSent)
        var message = String(cString: errorText)
        if message.isEmpty { message = String(cString: curl_easy_strerror(code)) }
        if kind == .tooLarge { message = "the reply is larger than \(request.responseLimitBytes) bytes" }
        return HTTPFailure(
            kind, isSent ? .unknown : .notSent, request: request.description, message: request.withoutSecrets(message))
    }
}

extension Duration {
    /// libcurl takes 0 for "for ever".
    fileprivate var atLeastOneMillisecond: Int64 { max(1, milliseconds) }
}
