import Workflow

/// How a password or an id is made up.
package struct GeneratedValue: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case alphanumeric, hex, uuid
    }

    package var kind: Kind
    /// In characters; means nothing to a UUID.
    package var length: Int

    package init(_ kind: Kind, length: Int = 32) {
        self.kind = kind
        self.length = length
    }

    init(_ value: Value) {
        self.init(
            value["kind"]?.stringValue.flatMap(Kind.init(rawValue:)) ?? .alphanumeric,
            length: value["length"]?.integerValue ?? 32)
    }

    /// - Parameter randomBytes: Gives so many bytes fit for passwords.
    package func generate(_ randomBytes: (Int) -> [UInt8]) -> String {
        switch kind {
        case .alphanumeric: Self.text(of: Self.letters, length: length, randomBytes)
        case .hex: Self.text(of: Self.digits, length: length, randomBytes)
        case .uuid: Self.uuid(randomBytes(16))
        }
    }

    /// Every character equally likely: a byte beyond the largest multiple of the alphabet's size is thrown away.
    private static func text(of alphabet: [UInt8], length: Int, _ randomBytes: (Int) -> [UInt8]) -> String {
        let limit = 256 / alphabet.count * alphabet.count
        var text: [UInt8] = []
        while text.count < length {
            for byte in randomBytes(length - text.count) where Int(byte) < limit {
                text.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A version 4 UUID (RFC 9562, 5.4).
    private static func uuid(_ random: [UInt8]) -> String {
        var bytes = random
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        let text = String(decoding: hex, as: UTF8.self)
        var groups: [Substring] = []
        var rest = text[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }

    private static let digits = Array("0123456789abcdef".utf8)
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
}
