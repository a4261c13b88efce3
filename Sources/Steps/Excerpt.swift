/// The part of someone else's text that goes into an error: a few lines, none of them long.
///
/// Long lines are cut between words: of a secret that is cut through, the redactor would not know the rest.
enum Excerpt {
    private static let lines = 5
    /// In bytes, of a line.
    private static let limit = 500
    private static let separators = Set<Unicode.Scalar>("\"',;:<>{}()[]".unicodeScalars)

    static func beginning(of text: String) -> String {
        text.split(whereSeparator: \.isNewline).prefix(lines).map(shortened).joined(separator: "\n")
    }

    static func end(of text: String) -> String {
        text.split(whereSeparator: \.isNewline).suffix(lines).map(shortened).joined(separator: "\n")
    }

    private static func shortened(_ line: Substring) -> String {
        guard line.utf8.count > limit else { return String(line) }
        var kept = line.unicodeScalars.prefix(limit)
        while let last = kept.last, !last.properties.isWhitespace, !separators.contains(last) { kept.removeLast() }
        return kept.isEmpty ? "[a line of \(line.utf8.count) bytes]" : "\(Substring(kept))…"
    }
}
