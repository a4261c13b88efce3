import Foundation
import FuzzTargets
import TestSupport
import Testing

/// The corpus that fuzzing has left, and seeded mutations of it, against the functions that are fuzzed: what was mended
/// stays mended. Looking for more is the business of `make fuzz`.
@Suite("corpus")
struct CorpusTests {
    /// Of each target; each input is cut to `longest` first, so that a mutation takes little time.
    private static let mutations = 100
    private static let longest = 2048

    @Test("what was found once holds", arguments: FuzzTarget.allCases)
    func kept(_ target: FuzzTarget) async throws {
        let corpus = try Corpus(target)
        try #require(!corpus.inputs.isEmpty)
        for input in corpus.inputs { try await corpus.check(input.bytes, named: input.name) }
        try corpus.finish()
    }

    @Test("mutations of it hold too", arguments: FuzzTarget.allCases)
    func mutated(_ target: FuzzTarget) async throws {
        let corpus = try Corpus(target)
        var mutator = Mutator(corpus.inputs.map { Array($0.bytes.prefix(Self.longest)) }, seed: 1)
        for number in 0..<Self.mutations { try await corpus.check(mutator.next(), named: "mutation \(number)") }
        try corpus.finish()
    }
}

/// The inputs of one target, and the one that is being tried: a trap ends the process, and its file is what is left.
private struct Corpus {
    let target: FuzzTarget
    let inputs: [(name: String, bytes: [UInt8])]
    private let current: URL

    init(_ target: FuzzTarget) throws {
        self.target = target
        let folder = URL(filePath: #filePath).appending(path: "../../../Fuzz/Corpus/\(target)").standardized
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
        inputs = try names.map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
        current = FileManager.default.temporaryDirectory.appending(path: "runner-fuzz-\(target)-\(UUID())")
    }

    func check(_ input: [UInt8], named name: String) async throws {
        try Data(input).write(to: current)
        do {
            try await target.check(input)
        } catch {
            Issue.record("\(name) of \(target): \(error)\n\(String(decoding: input, as: UTF8.self))")
        }
    }

    func finish() throws { try FileManager.default.removeItem(at: current) }
}
