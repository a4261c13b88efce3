import Workflow

/// Looks up users and removes them.
///
/// The server keeps a user in two halves: one signs in, and holds the e-mail address and the credentials; one is what
/// lists show. Calls that end half-way, and `users.delete` by itself, leave the first without the second.
struct UserDirectory: Sendable {
    struct User: Hashable, Sendable {
        let id: String
        let role: String
        /// Nil where the server does not tell: of half a user.
        let company: String?
        let isListed: Bool
    }

    let client: ClearMLClient

    /// Whoever has this e-mail address, in whatever company: there it is unique.
    func withEmail(_ email: String) async throws(ClearMLFailure) -> User? {
        let reply = try await client.read("auth.get_users_info", ["emails": [.string(email)]])
        let users = reply.data["users"]?.objectValue ?? [:]
        guard
            let (id, info) = users.sorted(by: { $0.key < $1.key })
                .first(where: { $0.value["email"]?.stringValue?.lowercased() == email.lowercased() })
        else { return nil }
        let company = try await company(of: id)
        return User(
            id: id, role: info["role"]?.stringValue ?? "", company: company,
            isListed: company == nil ? false : try await isListed(id))
    }

    /// The company of a user; nil where there is no such user, or but half of one.
    func company(of id: String) async throws(ClearMLFailure) -> String? {
        do throws(ClearMLFailure) {
            let reply = try await client.read("users.get_current_user", as: .actingAs(user: id))
            return reply.data["user"]?["company"]?["id"]?.stringValue
        } catch {
            if error.isUnknownUser { return nil }
            if error.isUnknownIdentity, try await !isOutOfReach(id) { return nil }
            throw error
        }
    }

    /// All users of the company that `id` belongs to, in the order of their ids.
    func colleagues(of id: String) async throws(ClearMLFailure) -> [String] {
        var found: Set<String> = []
        for page in 0... {
            let reply = try await client.read(
                "users.get_all", ["page": .integer(page), "page_size": .integer(Self.pageSize)],
                as: .actingAs(user: id))
            let users = (reply.data["users"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
            let known = found.count
            found.formUnion(users)
            // A server that knows no pages gives the same users again and again.
            if users.count < Self.pageSize || found.count == known { break }
        }
        return found.sorted()
    }

    private static let pageSize = 500

    private func isListed(_ id: String) async throws(ClearMLFailure) -> Bool {
        let reply = try await client.read("users.get_all", ["id": [.string(id)]], as: .actingAs(user: id))
        return reply.data["users"]?.arrayValue?.contains { $0["id"]?.stringValue == id } ?? false
    }

    /// Whether a user that cannot be acted as is there all the same: then the credentials may not cross companies.
    func isOutOfReach(_ id: String) async throws(ClearMLFailure) -> Bool {
        do throws(ClearMLFailure) {
            let reply = try await client.read("auth.get_users_info", ["users": [.string(id)]])
            return reply.data["users"]?[id] != nil
        } catch {
            // A server that cannot be asked: the refusal stands as it is.
            if error.isUnknownEndpoint { return true }
            throw error
        }
    }

    /// Removes both halves of a user, as far as they are there.
    ///
    /// - Parameter last: The half that goes last: the one by which a removal that ends half-way is found again.
    /// - Returns: What stays behind.
    func remove(_ id: String, last: Half = .signIn) async throws(ClearMLFailure) -> [String] {
        if last == .signIn { try await passingOverGone("users.delete", id) }
        let left = try await removeSignIn(id)
        if last == .listing { try await passingOverGone("users.delete", id) }
        return left
    }

    enum Half {
        /// What is found by its e-mail address.
        case signIn
        /// What lists show.
        case listing
    }

    private func removeSignIn(_ id: String) async throws(ClearMLFailure) -> [String] {
        do throws(ClearMLFailure) {
            try await passingOverGone("auth.delete_user", id)
            return []
        } catch {
            guard error.isUnknownEndpoint else { throw error }
            return ["user \(id) keeps its e-mail address and can sign in: this server has no call to change that"]
        }
    }

    private func passingOverGone(_ endpoint: String, _ id: String) async throws(ClearMLFailure) {
        do throws(ClearMLFailure) {
            _ = try await client.change(endpoint, ["user": .string(id)])
        } catch {
            guard error.isUnknownUser else { throw error }
        }
    }
}
