/// What a program wrote to one stream: all of it, or its beginning and its end where it wrote more than the limit.
///
/// The beginning tells what it set out to do, the end why it failed; the middle is what can be missed.
package struct CapturedOutput: Hashable, Sendable {
    /// Bytes written in all, kept or not.
    package private(set) var totalBytes = 0

    private let headLimit: Int
    private let tailLimit: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []

    package init(limitBytes: Int) {
        headLimit = max(0, limitBytes) / 2
        tailLimit = max(0, limitBytes) - headLimit
    }

    package mutating func append(_ bytes: some RandomAccessCollection<UInt8>) {
        totalBytes += bytes.count
        let first = bytes.prefix(max(0, headLimit - head.count))
        head.append(contentsOf: first)
        tail.append(contentsOf: bytes.dropFirst(first.count))
        // Trimmed at twice its size, so that many small writes do not move the tail every time.
        if tail.count > tailLimit * 2 { tail.removeFirst(tail.count - tailLimit) }
    }

    /// Bytes cut out of the middle; 0: everything is here.
    package var omittedBytes: Int { totalBytes - head.count - min(tail.count, tailLimit) }

    /// Everything that was written; nil if anything was cut.
    package var bytes: [UInt8]? { omittedBytes == 0 ? head + tail : nil }

    /// The text, with a line in its middle that tells how much was cut. Invalid UTF-8 is replaced by U+FFFD.
    package var text: String {
        guard omittedBytes > 0 else { return String(decoding: head + tail, as: UTF8.self) }
        return String(decoding: head, as: UTF8.self)
            + "\n[… \(omittedBytes) bytes left out …]\n"
            + String(decoding: tail.suffix(tailLimit), as: UTF8.self)
    }
}
