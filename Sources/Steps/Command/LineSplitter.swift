/// Cuts a stream of bytes into lines.
///
/// A line without end would grow for ever, so a line of `limitBytes` is handed out as it is and goes on as the next one.
package struct LineSplitter {
    private let limitBytes: Int
    private var rest: [UInt8] = []

    /// - Parameter limitBytes: Longest line, at least 1.
    package init(limitBytes: Int = 64 << 10) {
        self.limitBytes = max(1, limitBytes)
    }

    /// The lines that `bytes` completes, without their line breaks (`\n` or `\r\n`).
    package mutating func split(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
                lines.append(take())
            } else {
                rest.append(byte)
                if rest.count >= limitBytes { lines.append(take()) }
            }
        }
        return lines
    }

    /// The last line, where the stream ended without a line break.
    package mutating func finish() -> String? {
        rest.isEmpty ? nil : take()
    }

    private mutating func take() -> String {
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
