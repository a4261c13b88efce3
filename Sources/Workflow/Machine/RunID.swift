/// The name of a run: sortable by creation, short enough to type. A sub-run's name is its parent's, a dot, and the
/// step that started it.
public struct RunID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// A new name: nine characters of time (milliseconds, Crockford's base 32), then four of chance.
    public init(at time: Timestamp, using random: inout some RandomNumberGenerator) {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        var characters: [Character] = []
        var rest = UInt64(max(0, time.milliseconds))
        for _ in 0..<9 {
            characters.append(alphabet[Int(rest & 31)])
            rest >>= 5
        }
        characters.reverse()
        for _ in 0..<4 { characters.append(alphabet[Int.random(in: 0..<32, using: &random)]) }
        rawValue = String(characters)
    }

    /// The name of the sub-run that step `step` of this run starts.
    public func child(_ step: String) -> RunID { RunID("\(rawValue).\(step)") }

    public var description: String { rawValue }

    public static func < (left: RunID, right: RunID) -> Bool { left.rawValue < right.rawValue }

    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
