import Foundation

/// Something that goes wrong on the way, on request.
struct Fault: Hashable, Codable, Sendable {
    enum Kind: String, Codable, Hashable, Sendable {
        /// The call is carried out, and the connection closed without a word.
        case loseReply = "lose-reply"
        /// Half of the answer is sent, and the connection closed.
        case cut
        /// Not carried out; an HTML page with `status`, as from a proxy in front of the server.
        case status
        /// Not carried out; 200 with JSON that is not the API's.
        case garbage
        /// Not carried out; 500 with the server's own plain text.
        case failure
        /// Carried out, after `delayMilliseconds`.
        case delay
        /// Carried out; the answer names another company than the user's.
        case foreignCompany = "foreign-company"
    }

    /// What it befalls: an endpoint's name or a path without its first slash; `*` stands for any text.
    let endpoint: String
    let kind: Kind
    /// For `status`: 502 unless it says another.
    var status: Int?
    var delayMilliseconds: Int?
    /// How often it strikes; nil for always.
    var count: Int?
    /// The share of requests it strikes, in 0...1; nil for all.
    var probability: Double?
    /// Where `probability` starts from, so that a test can be repeated.
    var seed: UInt64?
    /// How many requests it lets pass first.
    var after: Int?

    func befalls(_ name: String) -> Bool {
        let parts = endpoint.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return endpoint == name }
        var rest = Substring(name)
        for (index, part) in parts.enumerated() {
            if index == 0 {
                guard rest.hasPrefix(part) else { return false }
                rest = rest.dropFirst(part.count)
            } else if index == parts.count - 1 {
                return rest.hasSuffix(part)
            } else if let found = rest.firstRange(of: part) {
                rest = rest[found.upperBound...]
            } else {
                return false
            }
        }
        return true
    }
}
