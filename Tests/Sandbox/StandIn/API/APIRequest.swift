import Foundation

/// A request to the API as it came in, of whatever method: query and body are one.
struct APIRequest: Sendable {
    let path: String
    let query: [(name: String, value: String)]
    let authorization: String?
    let impersonating: String?
    let actingAs: String?
    let body: Data

    /// The path's endpoint, and the version before it: `[/]v2.13/queues.create[/]`, with or without the version.
    func target() -> (name: String, version: APIVersion?)? {
        var parts = path.split(separator: "/").map(String.init)
        var version: APIVersion?
        if parts.count == 2, parts[0].hasPrefix("v"), let named = APIVersion(parts[0].dropFirst()) {
            version = named
            parts.removeFirst()
        }
        guard parts.count == 1, parts[0].split(separator: ".").count == 2 else { return nil }
        return (parts[0], version)
    }

    /// The body with the query's arguments in it, digits as numbers and `true` as a truth value.
    func members() throws(APIError) -> [String: JSON] {
        var members: [String: JSON] = [:]
        if !body.isEmpty {
            guard let parsed = try? JSON(parsing: body), case .object(let object) = parsed else {
                throw APIError(400, 0, "The browser (or proxy) sent a request that this server could not understand.")
            }
            members = object
        }
        for (name, value) in query where members[name] == nil {
            if let number = Int(value) {
                members[name] = .int(number)
            } else if let truth = ["true": true, "false": false][value.lowercased()] {
                members[name] = .bool(truth)
            } else {
                members[name] = .string(value)
            }
        }
        return members
    }
}
