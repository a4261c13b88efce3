import Foundation
import GRDB
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10))) struct SQLiteJournalTests {
    private let folder: TemporaryDirectory
    private let journal: SQLiteJournal

    init() throws {
        folder = try TemporaryDirectory()
        journal = try SQLiteJournal(path: folder.file("sub/journal.db"))
    }

    private func fold(_ record: RunRecord, _ entries: [JournalEntry]) -> RunStatus { record.status }

    @Test func everyCommitIsFlushedToTheDisk() async throws {
        func settings() async throws -> [String] {
            try await journal.withoutTransaction { database in
                [
                    try Int.fetchOne(database, sql: "PRAGMA synchronous").map(String.init) ?? "",
                    try String.fetchOne(database, sql: "PRAGMA journal_mode") ?? "",
                ]
            }
        }
        #expect(try await settings() == ["2", "wal"])
        try await journal.append(.created("r1"), under: journal.lease())
        #expect(try await settings() == ["2", "wal"])
    }

    @Test func aNewFileIsForItsOwnerOnly() throws {
        func rights(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try rights(journal.path) == 0o600)
        #expect(try rights(folder.file("sub")) == 0o700)
    }

    @Test func entriesAreReadBackAsTheyWereWritten() async throws {
        let lease = try await journal.lease()
        var batch = JournalBatch.created("r1", MachineRun.header())
        batch.entries.append(
            .init(
                run: RunID("r1"), at: .start + .seconds(1),
                events: [.admitted, .attemptStarted(InstanceID(0), attempt: 1)],
                status: .running))
        try await journal.append(batch, under: lease)
        try await journal.append(.created("r2"), under: lease)
        try await journal.append(.events("r1", .succeeded(InstanceID(0))), under: lease)
        let entries = try await journal.entries(of: RunID("r1"), after: 0)
        #expect(entries.map(\.sequence) == [1, 2, 4])
        #expect(
            entries.map(\.events) == [
                [.created(MachineRun.header())], [.admitted, .attemptStarted(InstanceID(0), attempt: 1)],
                [.succeeded(InstanceID(0))],
            ])
        #expect(entries[1].at == .start + .seconds(1))
        #expect(try await journal.entries(of: RunID("r1"), after: 2).map(\.sequence) == [4])
    }

    @Test func runsAreListedAndFiltered() async throws {
        let lease = try await journal.lease()
        var header = RunHeader(workflow: "install", version: 1, bundle: "b", by: Actor("ada"))
        try await journal.append(.created("r1", header), under: lease)
        header.group = "tenant/x"
        header.workflow = "tenant"
        try await journal.append(.created("r2", header), under: lease)
        header.parent = RunHeader.Parent(run: RunID("r2"), step: "s")
        try await journal.append(.created("r2.s", header), under: lease)
        try await journal.append(.events("r1", .admitted, status: .succeeded), under: lease)
        func ids(_ query: RunQuery) async throws -> [String] { try await journal.runs(query).map(\.id.rawValue) }
        #expect(try await ids(RunQuery()) == ["r2", "r1"])
        #expect(try await ids(RunQuery(includesChildren: true)) == ["r2.s", "r2", "r1"])
        #expect(try await ids(RunQuery(prefix: "r2")) == ["r2.s", "r2"])
        #expect(try await ids(RunQuery(id: RunID("r2.s"))) == ["r2.s"])
        #expect(try await ids(RunQuery(workflow: "install")) == ["r1"])
        #expect(try await ids(RunQuery(statuses: [.succeeded, .failed])) == ["r1"])
        #expect(try await ids(RunQuery(group: "tenant/x")) == ["r2"])
        #expect(try await ids(RunQuery(limit: 1)) == ["r2"])
        #expect(try await ids(.unsettled) == ["r2.s", "r2"])
    }

    @Test func aBatchIsStoredWholeOrNotAtAll() async throws {
        let lease = try await journal.lease()
        var batch = JournalBatch.created("r1")
        batch.secrets.append((RunID("r1"), "sealed"))
        batch.bundles["h"] = Data("x".utf8)
        batch.entries += JournalBatch.events("nobody", .admitted).entries
        await #expect(throws: JournalError.self) { try await journal.append(batch, under: lease) }
        #expect(try await journal.runs(RunQuery()).isEmpty)
        #expect(try await journal.sealedSecrets(of: RunID("r1")) == nil)
        #expect(try await journal.bundle(hash: "h") == nil)
        #expect(try await journal.verify(fold).entries == 0)
    }

    @Test func aCancelledCallerStillGetsItsWriteDone() async throws {
        let lease = try await journal.lease()
        let (journal, go) = (journal, Promise<Void>())
        let task = Task {
            await go.value
            try await journal.append(.created("r1"), under: lease)
            return try await journal.runs(RunQuery()).count
        }
        task.cancel()
        go.keep(())
        #expect(try await task.value == 1)
    }

    @Test func secretsBundlesRequestsAndAnswersAreKept() async throws {
        let lease = try await journal.lease()
        let actor = Actor("ada")
        let requests: [EngineRequest] = [
            .start(RunID("r1"), MachineRun.header(), sealedSecrets: "s3aled"),
            .cancel(RunID("r1"), by: actor, reason: nil),
            .rollback(RunID("r1"), by: actor, reason: "no"), .resume(RunID("r1"), by: actor, sealedSecrets: nil),
            .retry(RunID("r1"), from: "a", by: actor), .skip(RunID("r1"), step: "a[1]", by: actor, reason: "r"),
            .approve(RunID("r1"), step: "a", by: actor, reason: nil),
            .reject(RunID("r1"), step: "a", by: actor, reason: "n"),
            .signal(RunID("r1"), name: "s", data: ["x": [1, 2.5]], by: actor),
            .resolve(RunID("r1"), step: "a", .adopt(output: ["o": 1]), by: actor, reason: "seen"),
        ]
        var ids: [Int] = []
        for request in requests { ids.append(try await journal.submit(request, at: .start)) }
        let pending = try await journal.pendingRequests()
        #expect(pending.map(\.id) == ids)
        #expect(pending.map(\.request) == requests)
        #expect(try await journal.answer(to: ids[0]) == nil)
        var batch = JournalBatch.created("r1")
        batch.answers = [(ids[0], .done), (ids[1], .refused("because"))]
        batch.secrets = [(RunID("r1"), "one"), (RunID("r1"), "two")]
        batch.bundles = ["h": Data("bundle".utf8)]
        try await journal.append(batch, under: lease)
        #expect(try await journal.answer(to: ids[0]) == .done)
        #expect(try await journal.answer(to: ids[1]) == .refused("because"))
        #expect(try await journal.pendingRequests().map(\.id) == Array(ids.dropFirst(2)))
        #expect(try await journal.sealedSecrets(of: RunID("r1")) == "two")
        #expect(try await journal.sealedSecrets(of: RunID("r2")) == nil)
        try await journal.store(bundle: Data("other".utf8), hash: "h")
        #expect(try await journal.bundle(hash: "h") == Data("bundle".utf8))
        let left = try await journal.read { try String.fetchOne($0, sql: "SELECT request FROM requests WHERE id = 1") }
        #expect(left == "", "a request carries sealed secrets, which must not stay")
    }

    @Test func aRequestOfAnotherVersionIsListedAsUnreadable() async throws {
        _ = try await journal.lease()
        try await journal.write { database in
            try database.execute(sql: "INSERT INTO requests(at, request) VALUES (1, '{\"teleport\":{}}')")
        }
        let pending = try await journal.pendingRequests()
        #expect(pending.map(\.id) == [1])
        #expect(pending.map(\.request) == [nil])
    }

    @Test func outputIsReadByPages() async throws {
        let lease = try await journal.lease()
        try await journal.append(.created("r1"), under: lease)
        var batch = JournalBatch()
        for (index, step) in ["a_b", "axb[0]", "a_b[1]", "a_b", "a_bc", "a_b"].enumerated() {
            batch.output.append(
                OutputLine(
                    run: RunID("r1"), step: step, attempt: 1, at: .start, stream: index == 3 ? .stderr : .stdout,
                    text: "line \(index)"))
        }
        try await journal.append(batch, under: lease)
        func page(_ step: String?, after: Int = 0, limit: Int = 100) async throws -> [String] {
            try await journal.output(of: RunID("r1"), step: step, after: after, limit: limit).map(\.text)
        }
        #expect(try await page(nil).count == 6)
        #expect(try await page("a_b") == ["line 0", "line 2", "line 3", "line 5"])
        #expect(try await page("a_b[1]") == ["line 2"])
        #expect(try await page("a_b", after: 1, limit: 2) == ["line 2", "line 3"])
        #expect(try await journal.output(of: RunID("r1"), step: nil, after: 3, limit: 1).first?.stream == .stderr)
        #expect(try await journal.output(of: RunID("r2"), step: nil, after: 0, limit: 9).isEmpty)
    }

    @Test func theCounterChangesWithAnotherProcessesWrites() async throws {
        let other = try SQLiteJournal(path: journal.path)
        let before = try await journal.changeCounter()
        #expect(try await journal.changeCounter() == before)
        _ = try await other.submit(.cancel(RunID("r1"), by: Actor("x"), reason: nil), at: .start)
        #expect(try await journal.changeCounter() != before)
    }

    @Test func twoOpeningsOfAFileWriteByTurns() async throws {
        let other = try SQLiteJournal(path: journal.path)
        let lease = try await journal.lease()
        try await withThrowingTaskGroup { group in
            for index in 0..<20 {
                group.addTask { [journal] in try await journal.append(.created("a\(index)"), under: lease) }
                group.addTask {
                    _ = try await other.submit(.cancel(RunID("a"), by: Actor("x"), reason: nil), at: .start)
                }
                group.addTask { try await other.append(.created("b\(index)"), under: lease) }
            }
            try await group.waitForAll()
        }
        #expect(try await other.runs(RunQuery()).count == 40)
        #expect(try await journal.pendingRequests().count == 20)
        #expect(try await journal.verify(fold).faults.isEmpty)
    }

    @Test func manyOpenANewFileAtOnce() async throws {
        let path = folder.file("new.db")
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let journal = try SQLiteJournal(path: path)
                    _ = try await journal.submit(.cancel(RunID("a"), by: Actor("x"), reason: nil), at: .start)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await SQLiteJournal(path: path).pendingRequests().count == 8)
    }

    @Test func aFileIsOpenedWhileOthersCloseIt() async throws {
        let path = folder.file("new.db")
        try await withThrowingTaskGroup { group in
            for _ in 0..<6 {
                group.addTask {
                    for _ in 0..<40 { try SQLiteJournal(path: path).close() }
                }
            }
            try await group.waitForAll()
        }
    }
}
