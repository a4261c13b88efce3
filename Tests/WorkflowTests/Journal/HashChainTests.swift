import GRDB
import TestSupport
import Testing
import Workflow

/// What somebody does to the history behind the runner's back is found.
@Suite(.timeLimit(.minutes(10))) struct HashChainTests {
    private let folder: TemporaryDirectory
    private let journal: SQLiteJournal

    init() throws {
        folder = try TemporaryDirectory()
        journal = try SQLiteJournal(path: folder.file("journal.db"))
    }

    private func written() async throws {
        let lease = try await journal.lease()
        try await journal.append(.created("r1"), under: lease)
        try await journal.append(.events("r1", .admitted), under: lease)
        try await journal.append(.created("r2"), under: lease)
        try await journal.append(.events("r1", .attemptStarted(InstanceID(0), attempt: 1)), under: lease)
        try await journal.append(.events("r1", .succeeded(InstanceID(0))), under: lease)
        try await journal.append(.events("r1", .settled(.succeeded, outputs: [:]), status: .succeeded), under: lease)
    }

    private func faults() async throws -> [String] {
        try await journal.verify { record, entries in
            var machine = RunMachine(
                graph: RunGraph(WorkflowDefinition(name: "test", steps: [.step("a")])) { _ in .automatic })
            for entry in entries { for event in entry.events { try machine.apply(event, at: entry.at) } }
            return machine.status
        }.faults
    }

    @Test func anUntouchedHistoryIsWhole() async throws {
        try await written()
        let report = try await journal.verify { record, _ in record.status }
        #expect(report.entries == 6)
        #expect(report.runs == 2)
        #expect(report.head.count == 64)
        #expect(report.faults.isEmpty)
        #expect(try await faults().isEmpty)
    }

    @Test func eachHashIsThatOfTheFormatItsDocumentationGives() {
        let hash = HashChain.hash(after: HashChain.origin, sequence: 1, run: "r1", at: 5, events: "[[\"admitted\"]]")
        // printf '\0%.0s' {1..32} | cat - <(printf '1\nr1\n5\n[["admitted"]]') | sha256sum
        let expected = "151e98a2c3770340ce468abf1378992adba905fb45d067783ffb98ed8d11ec85"
        #expect(hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
    }

    @Test(arguments: [
        (
            "changed event", "UPDATE journal SET events = replace(events, '\"start\"', '\"prior\"') WHERE sequence = 4",
            "entry 4 "
        ),
        ("changed time", "UPDATE journal SET at = at + 1 WHERE sequence = 2", "entry 2 "),
        ("changed hash", "UPDATE journal SET hash = zeroblob(32) WHERE sequence = 3", "entry 3 "),
        ("moved to another run", "UPDATE journal SET run = 2 WHERE sequence = 4", "entry 4 "),
        ("renamed run", "UPDATE runs SET id = 'r9' WHERE id = 'r1'", "entry 1 "),
        ("removed", "DELETE FROM journal WHERE sequence = 3", "before entry 4"),
        ("last removed", "DELETE FROM journal WHERE sequence = 6", "run r1 is listed as succeeded"),
        ("changed status", "UPDATE runs SET status = 'failed' WHERE id = 'r1'", "run r1 is listed as failed"),
        (
            "reordered",
            """
            UPDATE journal SET sequence = 99 WHERE sequence = 4; UPDATE journal SET sequence = 4 WHERE sequence = 5;
            UPDATE journal SET sequence = 5 WHERE sequence = 99
            """, "entry 4 "
        ),
    ])
    func tampering(_ what: String, _ sql: String, _ expected: String) async throws {
        try await written()
        try await journal.write { try $0.execute(sql: sql) }
        let faults = try await faults()
        #expect(faults.contains { $0.contains(expected) }, "\(what): \(faults)")
    }
}
