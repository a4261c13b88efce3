import Workflow

/// The parameters `repository` and `registry`, which the outputs of `helm.repository` and `helm.registry` fit as they
/// are.
enum HelmParameters {
    static let repository = [
        Parameter("url", .string(.uri), required: true, "The repository's address."),
        // Secret too: ClearML hands out a token that serves as both.
        Parameter("username", .string, secret: true, "User name for Basic authentication."),
        Parameter("password", .string, secret: true, "Password or token."),
        Parameter("ca", .string, "PEM certificates of the authority that signed the server's."),
    ]

    static let registry = [
        Parameter(
            "host", .string(pattern: "[A-Za-z0-9.-]+(:[0-9]+)?"), required: true,
            "Host of the registry, with its port where it has one, such as `registry-1.docker.io`."),
        Parameter("username", .string, "User name; helm takes it as an argument, so never a token."),
        Parameter("password", .string, secret: true, "Password or token."),
        Parameter("ca", .string, "PEM certificates of the authority that signed the server's."),
        Parameter("plain_http", .boolean, default: false, "Without TLS; for registries on this machine."),
    ]

    static func repository(_ input: StepInput) throws(StepError) -> RepositoryAccess {
        let access = RepositoryAccess(
            url: try input.string("url"), username: try input.optionalString("username"),
            password: try input.optionalString("password"), ca: try input.optionalString("ca"))
        try requireBoth(access.username, access.password, object: access.url)
        return access
    }

    static func registry(_ input: StepInput) throws(StepError) -> RegistryAccess {
        let access = RegistryAccess(
            host: try input.string("host"), username: try input.optionalString("username"),
            password: try input.optionalString("password"), ca: try input.optionalString("ca"),
            plainHTTP: try input.flag("plain_http"))
        try requireBoth(access.username, access.password, object: access.host)
        return access
    }

    private static func requireBoth(_ username: String?, _ password: String?, object: String) throws(StepError) {
        if (username == nil) != (password == nil) {
            throw StepError(
                .permanent, "a user name and a password belong together, and one of them is missing", object: object,
                remedy: "give both, or none for anonymous access")
        }
    }
}
