import Foundation

/// A YAML text as lines of Unicode scalars, which is how the parser counts places.
struct YAMLSource {
    let file: String
    private(set) var lines: [[Unicode.Scalar]]

    /// Stands for `&`, so that no anchor is ever registered and no alias can expand.
    static let ampersand: Unicode.Scalar = "\u{E000}"
    /// The first letters of repeated keys, replaced to tell them apart: a range that no text may use.
    static let firstMarker: UInt32 = 0xE001
    static let lastMarker: UInt32 = 0xE0FF

    /// Nil where the text uses the letters that are kept for the two purposes above.
    init?(_ text: String, file: String) {
        self.file = file
        var lines: [[Unicode.Scalar]] = [[]]
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            guard !(0xE000...Self.lastMarker).contains(scalar.value) else { return nil }
            defer { last = scalar }
            if scalar == "\n", last == "\r" {
                lines[lines.count - 2].append(scalar)
                continue
            }
            lines[lines.count - 1].append(scalar == "&" ? Self.ampersand : scalar)
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) { lines.append([]) }
        }
        self.lines = lines
    }

    /// The text for the parser.
    var masked: String {
        // All at once: each `append(contentsOf:)` would copy what is there already.
        String(String.UnicodeScalarView(lines.joined()))
    }

    /// Replaces the letter at a 1-based place; nil where there is none.
    mutating func replace(line: Int, column: Int, with scalar: Unicode.Scalar) -> Unicode.Scalar? {
        guard lines.indices.contains(line - 1), lines[line - 1].indices.contains(column - 1) else { return nil }
        defer { lines[line - 1][column - 1] = scalar }
        return lines[line - 1][column - 1]
    }

    func scalar(line: Int, column: Int) -> Unicode.Scalar? {
        guard lines.indices.contains(line - 1), lines[line - 1].indices.contains(column - 1) else { return nil }
        return lines[line - 1][column - 1]
    }

    /// Where each opening `${{` of a scalar stands.
    ///
    /// - Parameters:
    ///   - value: The scalar's text, as the parser has read it.
    ///   - location: Where the scalar begins.
    func expressionMarks(in value: String, after location: SourceLocation) -> [ExpressionMark] {
        let texts = value.components(separatedBy: "${{").dropFirst()
        var marks: [ExpressionMark] = []
        var line = location.line - 1
        var column = location.column - 1
        // Escapes can hide an opening; it is not searched for in all the rest of the file.
        var budget = 4 * value.unicodeScalars.count + 2048
        for text in texts {
            var found: (line: Int, column: Int)?
            while found == nil, budget > 0, lines.indices.contains(line) {
                let scalars = lines[line]
                while column + 2 < scalars.count {
                    if scalars[column] == "$", scalars[column + 1] == "{", scalars[column + 2] == "{" {
                        found = (line, column)
                        break
                    }
                    column += 1
                    budget -= 1
                }
                budget -= 1
                if found == nil { (line, column) = (line + 1, 0) }
            }
            guard let found else { return marks }
            let wanted = Array(text.components(separatedBy: "}}")[0].unicodeScalars)
            let after = lines[found.line].dropFirst(found.column + 3).prefix(wanted.count).map {
                $0 == Self.ampersand ? "&" : $0
            }
            marks.append(
                ExpressionMark(
                    location: SourceLocation(file: location.file, line: found.line + 1, column: found.column + 1),
                    exact: wanted == after))
            column = found.column + 3
        }
        return marks
    }
}
