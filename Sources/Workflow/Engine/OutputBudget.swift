import Synchronization

/// How much of an attempt's output is kept: a chatty tool must not fill the disk.
///
/// Lines are redacted here, before one that is too long is cut: half a secret would not be known as one any more.
package struct OutputBudget: ~Copyable, Sendable {
    /// In bytes.
    package static let longestLine = 8192
    private let left: Atomic<Int>
    private let limit: Int
    private let redactor: Redactor

    /// - Parameter limit: In bytes, of all lines together with their ends.
    package init(limit: Int, redactor: Redactor = Redactor()) {
        self.limit = limit
        self.redactor = redactor
        left = Atomic(limit)
    }

    /// The lines of `text` that are kept; the last one kept says that more was cut.
    package func admit(_ text: String) -> [String] {
        var lines: [String] = []
        for line in redactor.redact(text).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let kept = Self.shortened(line)
            let before = left.subtract(kept.utf8.count + 1, ordering: .relaxed).oldValue
            if before <= 0 { break }
            lines.append(before > kept.utf8.count ? kept : "… more than \(limit) bytes: the rest is not kept")
        }
        return lines
    }

    /// Cut between scalars: one character can be longer than any limit.
    private static func shortened(_ line: Substring) -> String {
        guard line.utf8.count > longestLine else { return String(line) }
        var end = line.utf8.index(line.startIndex, offsetBy: longestLine / 4)
        while UTF8.isContinuation(line.utf8[end]) { end = line.utf8.index(before: end) }
        return "\(line[..<end])… (line cut)"
    }
}
