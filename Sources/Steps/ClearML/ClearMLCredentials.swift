/// An access key and its secret.
package struct ClearMLCredentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let key: String
    package let secret: String

    package init(key: String, secret: String) {
        self.key = key
        self.secret = secret
    }

    package var description: String { "[credentials]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// As whom a call is carried out, where that is not the owner of the credentials.
package enum ClearMLIdentity: Hashable, Sendable {
    /// User, company and role of the given user: what that user could do.
    case impersonating(user: String)
    /// User and company of the given user, with the caller's own role.
    case actingAs(user: String)

    var header: HTTPHeader {
        switch self {
        case .impersonating(let user): HTTPHeader("X-Clearml-Impersonate-As", user)
        case .actingAs(let user): HTTPHeader("X-Clearml-Act-As", user)
        }
    }
}

/// How a client shows who it is.
package enum ClearMLLogin: String, Hashable, Sendable {
    /// Key and secret with every call.
    case basic
    /// Key and secret once, for a token that goes with the calls.
    case token
}

/// The tokens of those who have logged in, so that one login serves many calls.
actor ClearMLSessions {
    struct Key: Hashable {
        let url: String
        let credentials: ClearMLCredentials
    }

    /// Asked of the server: to a system user it would else give a token that never expires.
    static let lifetimeSeconds = 3600

    private var tokens: [Key: String] = [:]

    func token(of key: Key) -> String? { tokens[key] }
    func keep(_ token: String, of key: Key) { tokens[key] = token }
    func forget(_ token: String, of key: Key) { if tokens[key] == token { tokens[key] = nil } }
}
