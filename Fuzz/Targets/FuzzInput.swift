/// An input of several texts: the first, and after each line that begins with `%%%% ` one more, which that line names.
struct FuzzInput {
    struct Part {
        /// Such as the path of a file, or the exit status of a program.
        var name: String
        var text: String
    }

    private static let mark = "%%%% "

    let whole: String
    /// Up to the first line that names another.
    private(set) var first = ""
    private(set) var others: [Part] = []

    init(_ bytes: [UInt8]) {
        whole = String(decoding: bytes, as: UTF8.self)
        var texts: [(name: String, lines: [Substring])] = [("", [])]
        for line in whole.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.utf8.starts(with: Self.mark.utf8) {
                texts.append((String(decoding: line.utf8.dropFirst(Self.mark.utf8.count), as: UTF8.self), []))
            } else {
                texts[texts.count - 1].lines.append(line)
            }
        }
        first = texts[0].lines.joined(separator: "\n")
        others = texts.dropFirst().map { Part(name: $0.name, text: $0.lines.joined(separator: "\n")) }
    }
}
