package import Workflow

/// What a look at a server that is to become ready has found.
package enum ClearMLReadiness: Hashable, Sendable {
    /// It answers, and these credentials have a role that is asked for.
    case ready(Server)
    /// Not yet: what stands in the way.
    case notYet(Obstacle)
    /// Waiting cannot help.
    case hopeless(StepError)

    package struct Server: Hashable, Sendable {
        /// The newest API version the server has; nil where it does not say.
        package let version: String?
        /// Id, role and company of the credentials' owner.
        package let user: String
        package let role: String
        package let company: String
        /// When that user was made: another time means another database. Nil where the server does not say.
        package let created: String?

        package init(version: String?, user: String, role: String, company: String, created: String?) {
            self.version = version
            self.user = user
            self.role = role
            self.company = company
            self.created = created
        }
    }

    package struct Obstacle: Hashable, Sendable {
        package let message: String
        package let remedy: String
        /// The server answers and refuses the credentials: so it does for a moment while pods with other ones are
        /// being replaced, and after that for good.
        package let isRefusal: Bool

        package init(_ message: String, remedy: String, isRefusal: Bool = false) {
            self.message = message
            self.remedy = remedy
            self.isRefusal = isRefusal
        }
    }

    /// Looks once: whether the server answers at all, then who these credentials are.
    ///
    /// - Parameter roles: Those that will do.
    package static func look(at client: ClearMLClient, roles: [String]) async throws(StepError) -> ClearMLReadiness {
        do throws(ClearMLFailure) {
            let ping = try await client.read("debug.ping", retry: .never)
            let reply = try await client.read("users.get_current_user", retry: .never)
            let user = reply.data["user"] ?? [:]
            let server = Server(
                version: reply.version ?? ping.version, user: user["id"]?.stringValue ?? "",
                role: user["role"]?.stringValue ?? "", company: user["company"]?["id"]?.stringValue ?? "",
                created: user["created"]?.stringValue)
            guard roles.contains(server.role) else {
                return .hopeless(
                    StepError(
                        .permanent,
                        "these credentials have role '\(server.role)', and \(roles.joined(separator: " or ")) is needed",
                        object: client.url, remedy: "use the credentials that the server was installed with"))
            }
            return .ready(server)
        } catch {
            if error.cause == .noReply(.cancelled) { throw error.stepError }
            return judge(error, url: client.url)
        }
    }

    private static func judge(_ failure: ClearMLFailure, url: String) -> ClearMLReadiness {
        switch failure.cause {
        case .refused(401, _):
            return .notYet(
                Obstacle(
                    "the server refuses the credentials: \(failure.message)", remedy: failure.remedy, isRefusal: true))
        case .refused(429, _), .refused(500..., _): break
        case .refused: return .hopeless(failure.stepError)
        case .noReply(.invalidRequest): return .hopeless(failure.stepError)
        case .noReply(.couldNotResolve):
            return .notYet(
                Obstacle(
                    "the name does not resolve: \(failure.message)",
                    remedy: "let the DNS records of \(url) point to the ingress controller"))
        case .noReply(.couldNotConnect):
            return .notYet(
                Obstacle(
                    "nothing listens there: \(failure.message)",
                    remedy: "check that the ingress controller runs, and that its port is reachable from here"))
        case .noReply(.tls):
            return .notYet(
                Obstacle(
                    "no trusted connection: \(failure.message)",
                    remedy: "check the certificate of the ingress and the names in it; give a private authority as `ca`"
                ))
        case .notClearML(503), .notClearML(502), .notClearML(504):
            return .notYet(
                Obstacle(
                    "the ingress has no apiserver behind it yet: \(failure.message)",
                    remedy: "look at the apiserver's pods and their logs"))
        case .notClearML(404):
            return .notYet(
                Obstacle(
                    "the ingress does not know this host: \(failure.message)",
                    remedy: "look at the apiserver's Ingress: its host name and its class"))
        case .notClearML, .noReply: break
        }
        return .notYet(Obstacle(failure.message, remedy: failure.remedy))
    }
}
