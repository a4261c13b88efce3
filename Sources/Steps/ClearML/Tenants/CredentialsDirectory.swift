import Workflow

/// The credentials of one user, as that user sees them: without their secrets.
struct CredentialsDirectory: Sendable {
    struct Credential: Hashable, Sendable {
        let accessKey: String
        let label: String?
    }

    let client: ClearMLClient
    let user: String

    /// All of them, and how many the user may have; nil: the server does not say.
    func list() async throws(ClearMLFailure) -> (credentials: [Credential], limit: Int?) {
        let data = try await client.read("auth.get_credentials", as: .impersonating(user: user)).data
        let credentials = (data["credentials"]?.arrayValue ?? []).compactMap { value in
            value["access_key"]?.stringValue.map { Credential(accessKey: $0, label: value["label"]?.stringValue) }
        }
        return (credentials, data["max_credentials"]?.integerValue)
    }

    /// As `list`; none where the user is gone, and they with it.
    func listIfThere() async throws(ClearMLFailure) -> [Credential] {
        do throws(ClearMLFailure) {
            return try await list().credentials
        } catch {
            if error.isUnknownIdentity, try await !UserDirectory(client: client).isOutOfReach(user) { return [] }
            throw error
        }
    }

    /// Makes a key useless; where it is that already, nothing happens.
    func revoke(_ accessKey: String) async throws(ClearMLFailure) {
        do throws(ClearMLFailure) {
            _ = try await client.change(
                "auth.revoke_credentials", ["access_key": .string(accessKey)], as: .impersonating(user: user))
        } catch {
            guard error.isUnknownUser else { throw error }
        }
    }
}
