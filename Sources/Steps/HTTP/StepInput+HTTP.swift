import Workflow

/// The parameters of step kinds that speak HTTP to any server.
enum HTTPParameters {
    static let access = [
        Parameter("user", .string, "The user of Basic authentication."),
        Parameter("password", .string, secret: true, "The password of Basic authentication."),
        Parameter("token", .string, secret: true, "The token of Bearer authentication; this or 'user'."),
        Parameter("ca", .string, "Certificates (PEM) of a private authority; the machine's own do not count then."),
    ]
}

extension StepInput {
    func authorization() throws(StepError) -> HTTPAuthorization? {
        switch (try optionalString("token"), try optionalString("user")) {
        case (let token?, nil): return .bearer(token: token)
        case (nil, let user?): return .basic(user: user, password: try optionalString("password") ?? "")
        case (nil, nil): return nil
        case (.some, .some):
            throw StepError(
                .permanent, "both 'token' and 'user' are given", object: "token",
                remedy: "give the one that the server asks for")
        }
    }

    func trust() throws(StepError) -> HTTPTrust {
        try optionalString("ca").map { .authorities(pem: $0) } ?? .system
    }
}
