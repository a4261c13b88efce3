/// How much of an attempt's output is kept: a chatty tool must not fill the disk.
final class OutputBudget: Sendable {
    private static let longestLine = 8192
    private let left: Locked<Int>
    private let limit: Int

    /// - Parameter limit: In bytes.
    init(limit: Int) {
        self.limit = limit
        left = Locked(limit)
    }

    /// The lines of `text` that are kept; the last one kept says that more was cut.
    func admit(_ text: String) -> [String] {
        var lines: [String] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let kept =
                line.utf8.count > Self.longestLine ? "\(line.prefix(Self.longestLine / 4))… (line cut)" : String(line)
            let before = left.with { left in
                defer { left -= kept.utf8.count + 1 }
                return left
            }
            if before <= 0 { break }
            lines.append(before > kept.utf8.count ? kept : "… more than \(limit) bytes: the rest is not kept")
        }
        return lines
    }
}
