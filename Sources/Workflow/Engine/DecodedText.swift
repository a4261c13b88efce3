/// A text with an encoding taken off, and where in the text each of its bytes comes from.
///
/// Programs differ in what they encode, and how; all agree on how it is read. So encoded secrets are looked for in what
/// the text means.
struct DecodedText {
    /// A text without any of these has no encoding to take off.
    static let marks = Array("%+\\".utf8)

    private(set) var bytes: [UInt8]
    /// One more than there are bytes: the last is where the text ends.
    private var origins: [Int]

    /// The text as it is.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        bytes = Array(text)
        origins = Array(0...text.count)
    }

    private init() {
        bytes = []
        origins = []
    }

    func origin(of range: Range<Int>) -> Range<Int> { origins[range.lowerBound]..<origins[range.upperBound] }

    /// Without URL encoding; nil where there is none.
    ///
    /// - Parameter plusIsSpace: As in forms.
    func percentDecoded(plusIsSpace: Bool) -> DecodedText? {
        let isEncoded = bytes.contains(UInt8(ascii: "%")) || plusIsSpace && bytes.contains(UInt8(ascii: "+"))
        guard isEncoded else { return nil }
        return decoded { bytes, position in
            switch bytes[position] {
            case UInt8(ascii: "+") where plusIsSpace: ([UInt8(ascii: " ")], 1)
            case UInt8(ascii: "%"): Self.number(bytes, at: position + 1, digits: 2).map { ([UInt8($0)], 3) }
            default: nil
            }
        }
    }

    /// Without the backslashes of JSON strings, and of what is quoted like them; nil where there are none.
    func unescaped() -> DecodedText? {
        guard bytes.contains(UInt8(ascii: "\\")) else { return nil }
        return decoded { bytes, position in
            guard bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count else { return nil }
            switch bytes[position + 1] {
            case UInt8(ascii: "n"): return ([0x0A], 2)
            case UInt8(ascii: "r"): return ([0x0D], 2)
            case UInt8(ascii: "t"): return ([0x09], 2)
            case UInt8(ascii: "b"): return ([0x08], 2)
            case UInt8(ascii: "f"): return ([0x0C], 2)
            case UInt8(ascii: "u"): return Self.scalar(bytes, at: position)
            case let other where other < 0x80 && !Self.isLetterOrDigit(other): return ([other], 2)
            default: return nil
            }
        }
    }

    /// - Parameter decode: What stands at a position, and how many bytes of the text it takes; nil: the byte itself.
    private func decoded(_ decode: (UnsafeBufferPointer<UInt8>, Int) -> ([UInt8], Int)?) -> DecodedText {
        var result = DecodedText()
        result.bytes.reserveCapacity(bytes.count)
        result.origins.reserveCapacity(bytes.count + 1)
        bytes.withUnsafeBufferPointer { bytes in
            var position = 0
            while position < bytes.count {
                let origin = origins[position]
                if let (meaning, length) = decode(bytes, position) {
                    result.bytes += meaning
                    result.origins += meaning.map { _ in origin }
                    position += length
                } else {
                    result.bytes.append(bytes[position])
                    result.origins.append(origin)
                    position += 1
                }
            }
        }
        result.origins.append(origins[bytes.count])
        return result
    }

    /// `\u00e9`, or two of them for what UTF-16 has in two.
    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> ([UInt8], Int)? {
        guard let first = number(bytes, at: position + 2, digits: 4) else { return nil }
        if let scalar = UnicodeScalar(first) { return (Array(String(scalar).utf8), 6) }
        guard (0xD800..<0xDC00).contains(first), position + 7 < bytes.count, bytes[position + 6] == UInt8(ascii: "\\"),
            bytes[position + 7] == UInt8(ascii: "u"), let second = number(bytes, at: position + 8, digits: 4),
            (0xDC00..<0xE000).contains(second),
            let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { return nil }
        return (Array(String(scalar).utf8), 12)
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int, digits: Int) -> UInt32? {
        guard position + digits <= bytes.count else { return nil }
        var number: UInt32 = 0
        for byte in bytes[position..<(position + digits)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 + UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 + UInt32(byte - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 + UInt32(byte - UInt8(ascii: "A")) + 10
            default: return nil
            }
        }
        return number
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
