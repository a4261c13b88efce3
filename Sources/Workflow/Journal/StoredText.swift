import Foundation

/// Reads the JSON that `Value.canonicalJSON` writes, many times faster than a decoder for every kind of JSON: what a
/// journal takes to load is reading its rows.
///
/// It knows just what is written there. Anything else is left to `Value(json:)`, which knows all and says what is wrong.
package struct StoredText {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    /// Deeper than this is left to the other reader, which has a limit too.
    private static let deepest = 64

    /// The value that `text` holds.
    package static func value(_ text: String) throws -> Value {
        var text = text
        let value = text.withUTF8 { bytes -> Value? in
            var reader = StoredText(bytes: bytes)
            guard let value = reader.value(depth: 0), reader.position == bytes.count else { return nil }
            return value
        }
        return try value ?? Value(json: text)
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The next value; nil where it is not of the kind that is read here.
    private mutating func value(depth: Int) -> Value? {
        guard position < bytes.count, depth < Self.deepest else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        default: return integer()
        }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        for offset in 0..<count where bytes[position + offset] != text.utf8Start[offset] { return false }
        position += count
        return true
    }

    private mutating func array(depth: Int) -> Value? {
        position += 1
        var elements: [Value] = []
        if take("]") { return .array(elements) }
        repeat {
            guard let element = value(depth: depth + 1) else { return nil }
            elements.append(element)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    private mutating func object(depth: Int) -> Value? {
        position += 1
        var members: [String: Value] = [:]
        if take("}") { return .object(members) }
        repeat {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\""), let key = string(), take(":"),
                let member = value(depth: depth + 1), members.updateValue(member, forKey: key) == nil
            else { return nil }
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    /// A string without escapes, which nearly all are.
    private mutating func string() -> String? {
        let start = position + 1
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            guard bytes[end] >= 0x20, bytes[end] != UInt8(ascii: "\\") else { return nil }
            end += 1
        }
        guard end < bytes.count else { return nil }
        position = end + 1
        return String(validating: bytes[start..<end], as: UTF8.self)
    }

    /// A whole number without a leading zero.
    private mutating func integer() -> Value? {
        let isNegative = take("-")
        let start = position
        var number = 0
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit <= 9 {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int(digit))
            guard !overflow, !carry else { return nil }
            number = sum
            position += 1
        }
        guard position > start, bytes[start] != UInt8(ascii: "0") || position == start + 1 else { return nil }
        // Counted downwards, as the least number has no positive one.
        if position < bytes.count, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[position]) {
            return nil
        }
        if isNegative { return number == 0 ? nil : .integer(number) }
        return number == .min ? nil : .integer(-number)
    }
}
