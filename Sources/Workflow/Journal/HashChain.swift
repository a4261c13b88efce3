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
        var buffer: [UInt8] = []
        return Data(
            hash(
                after: Array(previous), sequence: sequence, run: run, at: at, events: Array(events.utf8),
                buffer: &buffer))
    }

    /// The same for many entries.
    ///
    /// - Parameter buffer: Used again for each of them.
    static func hash(
        after previous: [UInt8], sequence: Int, run: String, at: Int, events: [UInt8], buffer: inout [UInt8]
    ) -> [UInt8] {
        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: previous)
        buffer.append(contentsOf: String(sequence).utf8)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(contentsOf: run.utf8)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(contentsOf: String(at).utf8)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(contentsOf: events)
        var hash = SHA256()
        buffer.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes(Array.init)
    }
}
