import Workflow

/// The parameters by which every kind of this folder names the server and the credentials it uses there.
enum ClearMLParameters {
    static let all = [
        Parameter(
            "url", .string(.uri), required: true, "Address of the API server, such as `https://api.example.com`."),
        Parameter("key", .string, required: true, secret: true, "Access key of a user with role `system` or `root`."),
        Parameter("secret", .string, required: true, secret: true, "The access key's secret."),
        Parameter(
            "login", .oneOf("basic", "token"), default: "basic",
            "basic: key and secret go with every call; token: they are sent once, and a token of an hour after that."),
        Parameter("ca", .string, "PEM certificates of the authority that signed the server's; none: the machine's."),
    ]

    /// The API version that calls ask for; only kinds that depend on one take it.
    static let version = Parameter(
        "api_version", .string(pattern: "[0-9]+\\.[0-9]+"), "API version to ask for; none: the newest the server has.")

    /// What the server gives to companies, users and queues.
    static let id = Schema.string(pattern: "[0-9a-f]{32}")

    static func credentials(_ input: StepInput) throws(StepError) -> ClearMLCredentials {
        ClearMLCredentials(key: try input.string("key"), secret: try input.string("secret"))
    }

    static func client(_ input: StepInput, _ transport: ClearMLTransport) throws(StepError) -> ClearMLClient {
        ClearMLClient(
            url: try input.string("url"), credentials: try credentials(input),
            login: try input.optionalString("login").flatMap(ClearMLLogin.init) ?? .basic,
            version: try input.optionalString("api_version"),
            trust: try input.optionalString("ca").map { .authorities(pem: $0) } ?? .system, transport: transport)
    }
}
