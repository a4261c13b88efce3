/// An access key and its secret, sent as Basic authorization with every call.
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
