/// Why there is no reply to a request. A reply with an error status is a reply.
package struct HTTPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The request itself is at fault: a bad URL, a line break in a header.
        case invalidRequest
        case couldNotResolve
        case couldNotConnect
        /// No trusted, encrypted connection: unknown authority, wrong name, expired certificate.
        case tls
        case timedOut
        /// The connection ended before the reply did.
        case connectionLost
        /// The reply is larger than the request's limit.
        case tooLarge
        /// What came back is not HTTP.
        case invalidResponse
        /// The file that takes the reply cannot be written.
        case couldNotWrite
        case cancelled
        case other
    }

    /// What is known about the request having reached the server.
    package enum Delivery: Hashable, Sendable {
        /// Not one byte of it has left: it is safe to send it again.
        case notSent
        /// It may have been received and carried out. A request that changes something must not be repeated before the
        /// server's state has been looked at.
        case unknown
    }

    package let kind: Kind
    package let delivery: Delivery
    /// Method and URL without user, password and query.
    package let request: String
    /// The facts, with every secret of the request removed.
    package let message: String

    package init(_ kind: Kind, _ delivery: Delivery, request: String, message: String) {
        self.kind = kind
        self.delivery = delivery
        self.request = request
        self.message = message
    }

    /// What the operator can do.
    package var remedy: String {
        switch kind {
        case .invalidRequest: "correct the request"
        case .couldNotResolve: "check the host name, the DNS server, and the proxy variables"
        case .couldNotConnect:
            "check that the server runs, that its port is reachable from here, and the proxy variables"
        case .tls: "check the server's certificate and name; give the private CA's certificate if it has one"
        case .timedOut: "check that the server answers at all; raise the timeout if it is only slow"
        case .connectionLost: "check the server's and the proxy's logs"
        case .tooLarge: "check the URL; raise the size limit if the reply is meant to be that large"
        case .invalidResponse: "check that the URL's scheme and port are those of an HTTP server"
        case .couldNotWrite: "make room on the disk, and check who owns the directory"
        case .cancelled: "resume the run to try again"
        case .other: "see the message"
        }
    }

    package var description: String {
        let note = delivery == .unknown && kind != .cancelled ? " (the request had been sent)" : ""
        return "\(request): \(message)\(note) [\(kind.rawValue)]\n  fix: \(remedy)"
    }
}
