import Foundation
import Steps
import Workflow

extension FuzzTarget {
    /// A value reads back as it is written, by both readers; as HOCON it is the same again.
    static func checkJSON(_ input: [UInt8]) throws {
        let value = try? Value(json: Data(input))
        if let text = String(validating: input, as: UTF8.self) {
            let stored = try? StoredText.value(text)
            try require(stored == value, "the two readers of JSON disagree: \(describe(value)), \(describe(stored))")
        }
        guard let value else { return }
        let written = value.canonicalJSON
        for read in [try Value(json: written), try StoredText.value(written)] {
            try require(read.canonicalJSON == written, "\(written) reads back as \(read.canonicalJSON)")
        }
        if let hocon = HOCON.text(of: value) {
            try require(try Value(json: hocon).canonicalJSON == written, "not the same in HOCON: \(hocon)")
        }
        try checkQuote(value)
    }

    /// What `hocon_quote` makes of a text is a text in quotes that means the same.
    private static func checkQuote(_ value: Value) throws {
        guard let text = value.stringValue else { return }
        let call = Expression.call("hocon_quote", [.literal(value)])
        let quoted = try call.evaluate(in: Scope(names: [:])).stringValue
        let mark = UInt8(ascii: "\"")
        guard let quoted, quoted.utf8.first == mark, quoted.utf8.last == mark, quoted.utf8.count > 1 else {
            throw BrokenProperty("no quotes around \(text)")
        }
        try require(try Value(json: quoted) == value, "\(quoted) means another text")
        try require(!quoted.utf8.contains { $0 < 0x20 }, "a letter that HOCON wants escaped: \(quoted)")
    }

    private static func describe(_ value: Value?) -> String { value?.canonicalJSON ?? "none" }
}
