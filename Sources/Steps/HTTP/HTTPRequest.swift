package import Foundation

/// One HTTP request, with the limits that keep it from hanging or filling the memory.
///
/// The description shows method and URL without its query: query strings carry signatures, headers and bodies secrets.
package struct HTTPRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"

        /// Asks and changes nothing (RFC 9110, section 9.2.1).
        package var isSafe: Bool {
            switch self {
            case .get, .head, .options: true
            case .post, .put, .patch, .delete: false
            }
        }
    }

    package var method: Method

    /// An `http` or `https` URL, without user and password: those go into `authorization`.
    package var url: String

    package var headers: [HTTPHeader]
    package var body: Data?
    package var authorization: HTTPAuthorization?
    package var trust: HTTPTrust

    /// Whether sending it twice does no harm. Only then may anyone, libcurl included, send it again after it may have
    /// reached the server. By default what its method promises; a call that changes nothing by POST says so here.
    package var isRepeatable: Bool

    /// Time to resolve the name, connect and agree on TLS.
    package var connectTimeout: Duration
    /// Time for everything.
    package var timeout: Duration
    /// Time without a single byte after which the transfer is given up; at least one second.
    package var stallTimeout: Duration
    /// The largest body that is accepted; a larger one is the failure `tooLarge`.
    package var responseLimitBytes: Int
    /// Redirects that a GET or HEAD follows; 0: the redirect itself is the response. Another origin (scheme, host or port)
    /// gets neither `authorization` nor any header but `Accept`, `Range`, `If-Range` and `User-Agent`.
    package var redirectLimit: Int

    package init(
        _ method: Method = .get,
        _ url: String,
        headers: [HTTPHeader] = [],
        body: Data? = nil,
        authorization: HTTPAuthorization? = nil,
        trust: HTTPTrust = .system,
        isRepeatable: Bool? = nil,
        connectTimeout: Duration = .seconds(10),
        timeout: Duration = .seconds(60),
        stallTimeout: Duration = .seconds(30),
        responseLimitBytes: Int = 16 << 20,
        redirectLimit: Int = 0
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.authorization = authorization
        self.trust = trust
        self.isRepeatable = isRepeatable ?? method.isSafe
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.stallTimeout = stallTimeout
        self.responseLimitBytes = responseLimitBytes
        self.redirectLimit = redirectLimit
    }

    package var description: String { "\(method.rawValue) \(HTTPAddress.display(of: url))" }
    package var debugDescription: String { description }
}

/// One header; names compare without regard to case.
package struct HTTPHeader: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    package func isNamed(_ other: String) -> Bool {
        name.lowercased() == other.lowercased()
    }
}

extension [HTTPHeader] {
    /// The value of the first header of that name, in any case.
    package subscript(name: String) -> String? {
        first { $0.isNamed(name) }?.value
    }
}

/// Credentials of a request. Never part of any description.
package enum HTTPAuthorization: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case basic(user: String, password: String)
    case bearer(token: String)

    package var description: String {
        switch self {
        case .basic: "Basic [secret]"
        case .bearer: "Bearer [secret]"
        }
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whose certificates are believed. There is no "anybody's".
package enum HTTPTrust: Hashable, Sendable {
    /// The certificate authorities of the machine.
    case system
    /// Those of this PEM text, and no others.
    case authorities(pem: String)
}
