import Foundation
import Steps
import Testing

struct GeneratedValueTests {
    /// Counts upwards, so that every byte comes.
    func bytes() -> (Int) -> [UInt8] {
        var next = 0
        return { count in
            defer { next += count }
            return (next..<next + count).map { UInt8(truncatingIfNeeded: $0) }
        }
    }

    @Test("length and alphabet are as asked for", arguments: [8, 33, 256])
    func length(length: Int) {
        let text = GeneratedValue(.alphanumeric, length: length).generate(bytes())
        #expect(text.count == length)
        #expect(text.wholeMatch(of: /[A-Za-z0-9]+/) != nil)
        #expect(GeneratedValue(.hex, length: length).generate(bytes()).wholeMatch(of: /[0-9a-f]+/) != nil)
    }

    @Test("each character is as likely as any other")
    func fair() {
        let text = GeneratedValue(.alphanumeric, length: 248).generate(bytes())  // four times the alphabet
        let counts = Dictionary(grouping: text, by: { $0 }).mapValues(\.count)
        #expect(counts.count == 62)
        #expect(Set(counts.values) == [4])
    }

    @Test("a UUID is a random one")
    func uuid() {
        let text = GeneratedValue(.uuid).generate { _ in [UInt8](repeating: 0xFF, count: 16) }
        #expect(text == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(UUID(uuidString: text) != nil)
    }
}
