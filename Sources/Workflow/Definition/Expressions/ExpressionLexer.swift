/// A piece of an expression, and where it stands: offsets count Unicode scalars.
struct ExpressionToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case name(String)
        case string(String)
        case number(Value)
        case symbol(String)
        case end
    }

    var kind: Kind
    var offset: Int

    /// The token as messages call it.
    var text: String {
        switch kind {
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .number(let value): "the number \(value.canonicalJSON)"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end"
        }
    }
}

/// What makes an expression unreadable, and where.
struct ExpressionFault: Error, Hashable, Sendable {
    var code: DefinitionError.Code = .badExpression
    var offset: Int
    var message: String
    var remedy: String
}

/// Cuts an expression into tokens.
struct ExpressionLexer {
    static let maximumTokens = 2000

    private let text: [Unicode.Scalar]
    private var position: Int

    /// The tokens from `start` to the closing `}}`, or to the end of the text where it is not `closed` by one; and the
    /// offset after that.
    static func tokens(
        of text: [Unicode.Scalar], from start: Int, closed: Bool
    ) throws(ExpressionFault) -> (tokens: [ExpressionToken], end: Int) {
        var lexer = ExpressionLexer(text: text, position: start)
        var tokens: [ExpressionToken] = []
        while true {
            lexer.skipSpace()
            let offset = lexer.position
            guard offset < text.count else {
                guard !closed else {
                    throw ExpressionFault(
                        offset: start, message: "this '${{' is never closed",
                        remedy: "write '}}' after the expression, or '$${{' for the text '${{'")
                }
                tokens.append(ExpressionToken(kind: .end, offset: offset))
                return (tokens, offset)
            }
            if closed, lexer.peek("}}") {
                tokens.append(ExpressionToken(kind: .end, offset: offset))
                return (tokens, offset + 2)
            }
            guard tokens.count < maximumTokens else {
                throw ExpressionFault(offset: offset, message: "the expression is too long", remedy: "split it")
            }
            tokens.append(ExpressionToken(kind: try lexer.next(), offset: offset))
        }
    }

    /// Whether `text` can be written after a dot.
    static func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, startsName(first) else { return false }
        return text.unicodeScalars.allSatisfy(continuesName)
    }

    private static func startsName(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    /// A `-` belongs to a name: step ids have it, and there is no subtraction.
    private static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
        startsName(scalar) || isDigit(scalar) || scalar == "-"
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private mutating func skipSpace() {
        while position < text.count, text[position].properties.isWhitespace { position += 1 }
    }

    private func peek(_ symbol: String) -> Bool {
        text[position...].starts(with: symbol.unicodeScalars)
    }

    private mutating func take(while condition: (Unicode.Scalar) -> Bool) -> String {
        let start = position
        while position < text.count, condition(text[position]) { position += 1 }
        return String(String.UnicodeScalarView(text[start..<position]))
    }

    private mutating func next() throws(ExpressionFault) -> ExpressionToken.Kind {
        let scalar = text[position]
        if Self.startsName(scalar) { return .name(take(while: Self.continuesName)) }
        if Self.isDigit(scalar) || scalar == "-" { return try number() }
        if scalar == "'" || scalar == "\"" { return try string(quote: scalar) }
        for symbol in ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ".", ","]
        where peek(symbol) {
            position += symbol.unicodeScalars.count
            return .symbol(symbol)
        }
        let written = String(Character(scalar))
        let remedy =
            switch written {
            case "=": "write '=='"
            case "&": "write '&&'"
            case "|": "write '||'"
            case "{": "write the object in the file, outside of the expression"
            default: "remove it, or put it into quotes"
            }
        throw ExpressionFault(
            offset: position, message: "'\(written)' means nothing in an expression", remedy: remedy)
    }

    private mutating func number() throws(ExpressionFault) -> ExpressionToken.Kind {
        let start = position
        if text[position] == "-" { position += 1 }
        var written = take(while: Self.isDigit)
        var isInteger = true
        if position + 1 < text.count, text[position] == ".", Self.isDigit(text[position + 1]) {
            isInteger = false
            position += 1
            written += "." + take(while: Self.isDigit)
        }
        if position < text.count, text[position] == "e" || text[position] == "E" {
            isInteger = false
            position += 1
            written += "e"
            if position < text.count, text[position] == "-" || text[position] == "+" {
                written.unicodeScalars.append(text[position])
                position += 1
            }
            written += take(while: Self.isDigit)
        }
        if text[start] == "-" { written = "-" + written }
        if isInteger, let value = Int(written) { return .number(.integer(value)) }
        if !isInteger, let value = Double(written), value.isFinite { return .number(.number(value)) }
        throw ExpressionFault(
            offset: start, message: "'\(written.prefix(40))' is no number that fits",
            remedy: "correct the number; there is no subtraction")
    }

    /// `'…'` with `''` for a quote, or `"…"` with JSON's escapes.
    private mutating func string(quote: Unicode.Scalar) throws(ExpressionFault) -> ExpressionToken.Kind {
        let start = position
        position += 1
        var result = String.UnicodeScalarView()
        while position < text.count {
            let scalar = text[position]
            position += 1
            if scalar == quote {
                guard quote == "'", position < text.count, text[position] == "'" else { return .string(String(result)) }
                position += 1
                result.append("'")
            } else if scalar == "\\", quote == "\"" {
                result.append(try escape())
            } else {
                result.append(scalar)
            }
        }
        throw ExpressionFault(
            offset: start, message: "this string is never closed", remedy: "write \(Character(quote)) after it")
    }

    private mutating func escape() throws(ExpressionFault) -> Unicode.Scalar {
        let start = position - 1
        if position < text.count {
            let scalar = text[position]
            position += 1
            switch scalar {
            case "\"", "\\", "/", "'": return scalar
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "u":
                let digits = String(String.UnicodeScalarView(text[position...].prefix(4)))
                if digits.utf8.count == 4, let code = UInt32(digits, radix: 16), let decoded = Unicode.Scalar(code) {
                    position += 4
                    return decoded
                }
            default: break
            }
        }
        throw ExpressionFault(
            offset: start, message: "unknown escape in a string",
            remedy: "write \\\\ for a backslash, or use single quotes, where backslashes are plain text")
    }
}
