import Crypto
package import Foundation

/// The chain that makes the history tamper-evident: each entry's hash covers the entry and the hash before it.
package enum HashChain {
    /// What the first entry builds on.
    package static let origin = Data(count: 32)

    /// `SHA-256(previous ‖ "sequence\nrun\nat\nevents")`, with the events as they are stored, byte for byte.
    package static func hash(
        after previous: Data, sequence: Int, run: String, at: Int, events: String
    ) -> Data {
        var hash = SHA256()
        hash.update(data: previous)
        hash.update(data: Data("\(sequence)\n\(run)\n\(at)\n\(events)".utf8))
        return Data(hash.finalize())
    }
}
