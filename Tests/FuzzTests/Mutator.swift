import TestSupport

/// Makes new inputs of old ones, always the same from the same seed.
struct Mutator {
    /// Letters that mean something to some reader.
    private static let words = [
        "${{", "}}", "$${{", "\"", "'", "\\", "\n", "\r\n", "  ", "\t", "- ", ": ", "|\n", ">-\n", "{", "}", "[", "]",
        ",",
        "null", "true", "-1", "0x", "9223372036854775807", "-9223372036854775808", "1e400", "\\u0000", "\u{FEFF}",
        "\u{2028}", "\u{E000}", "é", "&a", "*a", "<<", "!", "%%%% 1\n", "%%%% 404\n", "..", "/",
    ].map { Array($0.utf8) }

    private let inputs: [[UInt8]]
    private var random: SeededGenerator

    init(_ inputs: [[UInt8]], seed: UInt64) {
        self.inputs = inputs
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var input = inputs.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&input) }
        return input
    }

    private mutating func mutate(_ input: inout [UInt8]) {
        let place = Int.random(in: 0...input.count, using: &random)
        let end = min(input.count, place + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: input.removeSubrange(place..<end)
        case 1: input.insert(contentsOf: input[place..<end], at: place)
        case 2: input.insert(contentsOf: Self.words.randomElement(using: &random) ?? [], at: place)
        case 3: input.replaceSubrange(place..<end, with: Self.words.randomElement(using: &random) ?? [])
        case 4: for index in place..<end { input[index] = .random(in: 0...255, using: &random) }
        default:
            let other = inputs.randomElement(using: &random) ?? []
            let start = Int.random(in: 0...other.count, using: &random)
            input.replaceSubrange(place..<end, with: other[start..<min(other.count, start + 64)])
        }
    }
}
