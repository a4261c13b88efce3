import Foundation
import Testing
import Workflow

struct SealerTests {
    let key = Data((0..<32).map { UInt8($0) })

    @Test("what is sealed comes back as it was, and cannot be read meanwhile")
    func roundTrip() throws {
        let sealer = try Sealer(key: key)
        for secrets in [
            [:], ["a": "", "b": "line\nline\u{0}\u{1F600}\"\\"], ["long": String(repeating: "x", count: 1 << 20)],
        ] {
            let sealed = try sealer.seal(secrets, context: "run/step")
            #expect(try sealer.open(sealed, context: "run/step") == secrets)
            #expect(try Sealer(key: key).open(sealed, context: "run/step") == secrets)
            let bytes = try #require(Data(base64Encoded: sealed))
            #expect(bytes.range(of: Data("line".utf8)) == nil)
        }
    }

    @Test("sealed twice, it looks different: nobody sees that a secret is the same")
    func fresh() throws {
        let sealer = try Sealer(key: key)
        let all = try (0..<50).map { _ in try sealer.seal(["a": "b"], context: "c") }
        #expect(Set(all.map { $0.prefix(16) }).count == 50)
    }

    @Test("another key, another place, or any change in any byte: it stays shut")
    func refused() throws {
        let sealer = try Sealer(key: key)
        let sealed = try sealer.seal(["name": "hush"], context: "run/one")
        #expect(throws: SealError.self) { try sealer.open(sealed, context: "run/two") }
        #expect(throws: SealError.self) { try sealer.open(sealed, context: "") }
        var other = key
        other[31] ^= 1
        #expect(throws: SealError.self) { try Sealer(key: other).open(sealed, context: "run/one") }
        let bytes = try #require(Data(base64Encoded: sealed))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x80
            #expect(throws: SealError.self) { try sealer.open(changed.base64EncodedString(), context: "run/one") }
            #expect(throws: SealError.self) {
                try sealer.open(bytes.prefix(index).base64EncodedString(), context: "run/one")
            }
        }
        #expect(throws: SealError.self) { try sealer.open("no base64!", context: "run/one") }
    }

    @Test("a failure says what to do, and neither it nor a description gives the key away")
    func failures() throws {
        for count in [0, 16, 31, 33] {
            let error = #expect(throws: SealError.self) { try Sealer(key: Data(repeating: 65, count: count)) }
            #expect(error?.description.contains("32 bytes, not \(count)") == true)
        }
        let sealer = try Sealer(key: Data(repeating: 65, count: 32))
        let error = #expect(throws: SealError.self) { try sealer.open("AAAA", context: "run/one") }
        let text = try #require(error).description + String(reflecting: sealer)
        #expect(text.contains("run/one") && text.contains("fix:"))
        #expect(!text.contains("AAAAAAAA") && !text.contains("65, 65") && !text.contains("4141"))
    }
}
