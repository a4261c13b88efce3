import Foundation

/// A request that came, for tests to count. Bodies and credentials are not kept.
struct Record: Hashable, Codable, Sendable {
    let number: Int
    /// An endpoint's name, or a path without its first slash.
    let endpoint: String
    let method: String
    var status: Int?
    var user: String?
    var company: String?
    var fault: Fault.Kind?
    let at: Date
}
