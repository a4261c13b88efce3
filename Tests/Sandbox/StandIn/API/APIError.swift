/// A refusal of the API, in the words of the real server.
struct APIError: Error, Hashable, Sendable {
    /// HTTP status and `meta.result_code` at once.
    let code: Int
    let subcode: Int
    let message: String

    init(_ code: Int, _ subcode: Int, _ message: String) {
        self.code = code
        self.subcode = subcode
        self.message = message
    }

    static func unknownEndpoint(_ name: String, _ version: String) -> APIError {
        APIError(404, 0, "Unable to find endpoint for name \(name) and version \(version)")
    }

    static let missingCredentials = APIError(401, 20, "Unauthorized (missing credentials)")
    static let badScheme = APIError(401, 10, "Unauthorized (bad authentication header type)")
    static let malformedCredentials = APIError(401, 21, "Unauthorized (malformed credentials)")
    static let invalidCredentials = APIError(
        401, 22, "Unauthorized (invalid credentials) (failed to locate provided credentials)")
    static let invalidToken = APIError(401, 30, "Invalid token")

    static func role(_ role: Role, allowed: [Role]) -> APIError {
        APIError(
            403, 20,
            "Forbidden (not allowed for role): role=\(role), allowed=(\(allowed.map(\.rawValue).joined(separator: ", ")))"
        )
    }

    static func impersonation(_ what: String) -> APIError { APIError(400, 6, "Impersonation error (\(what)") }

    static func validation(_ field: String, _ what: String) -> APIError {
        APIError(400, 12, "Validation error (error for field '\(field)'. \(what))")
    }

    static func invalidID(_ what: String) -> APIError { APIError(400, 10, "Invalid object id: \(what)") }
    static func invalidUser(_ what: String) -> APIError { APIError(400, 300, "Invalid user \(what)") }
    static func data(_ field: String, _ what: String) -> APIError {
        APIError(400, 800, "Data validation error: \(field)=\(what)")
    }

    /// What a unique index refuses: the queue names of a company, and e-mail addresses everywhere.
    static func exists(_ what: String) -> APIError {
        APIError(400, 801, "Value combination already exists (unique field already contains this value): \(what)")
    }
}
