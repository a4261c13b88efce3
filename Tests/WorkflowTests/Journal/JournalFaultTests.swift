import Foundation
import GRDB
import TestSupport
import Testing
import Workflow

/// Files that are not what they should be: nothing is lost, nothing is touched, and the error says what to do.
@Suite(.timeLimit(.minutes(10))) struct JournalFaultTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.file("journal.db") }

    init() throws { folder = try TemporaryDirectory() }

    private func failure(_ body: () async throws -> Void) async -> JournalError? {
        do {
            try await body()
            return nil
        } catch {
            #expect(error is JournalError, "\(error)")
            return error as? JournalError
        }
    }

    private func expectRefusal(_ code: JournalError.Code, unchanged: Bool = true) async throws {
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = await failure { _ = try SQLiteJournal(path: path) }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.message.contains(path) == true)
        if unchanged { #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before) }
    }

    @Test func aFileOfANewerVersionIsRefusedUnchanged() async throws {
        let journal = try SQLiteJournal(path: path)
        try await journal.write { try $0.execute(sql: "PRAGMA user_version = 99") }
        try journal.close()
        try await expectRefusal(.newerVersion)
    }

    @Test func anotherProgramsFileIsRefusedUnchanged() async throws {
        let other = try DatabaseQueue(path: path)
        try await other.write { try $0.execute(sql: "CREATE TABLE notes(text TEXT)") }
        try other.close()
        try await expectRefusal(.foreign)
    }

    @Test func garbageIsRefusedUnchanged() async throws {
        try Data((0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }).write(to: URL(fileURLWithPath: path))
        try await expectRefusal(.damaged)
    }

    @Test func aCutFileIsRefused() async throws {
        let journal = try SQLiteJournal(path: path)
        let lease = try await journal.lease()
        for index in 0..<50 { try await journal.append(.created("r\(index)"), under: lease) }
        try await journal.withoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try journal.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
        let error = await failure {
            let journal = try SQLiteJournal(path: path)
            _ = try await journal.runs(RunQuery())
            let report = try await journal.verify { record, _ in record.status }
            #expect(!report.faults.isEmpty)
            throw JournalError(.damaged, path, remedy: "")
        }
        #expect(error?.code == .damaged)
    }

    @Test func aFolderInPlaceOfTheFileIsRefused() async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let error = await failure { _ = try SQLiteJournal(path: path) }
        #expect(error?.code == .cannotOpen, "\(String(describing: error))")
    }

    @Test func aFullDiskLosesNothingThatWasAcknowledged() async throws {
        let journal = try SQLiteJournal(path: path)
        let lease = try await journal.lease()
        try await journal.append(.created("r1"), under: lease)
        try await journal.withoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
        }
        var acknowledged = 1
        let error = await failure {
            for index in 2..<10_000 {
                try await journal.append(.created("r\(index)"), under: lease)
                acknowledged = index
            }
        }
        #expect(error?.code == .diskFull)
        #expect(try await journal.runs(RunQuery()).count == acknowledged)
        try await journal.withoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        try await journal.append(.created("r\(acknowledged + 1)"), under: lease)
        #expect(try await journal.verify { record, _ in record.status }.faults.isEmpty)
    }

    @Test func afterItIsClosedItSaysSo() async throws {
        let journal = try SQLiteJournal(path: path)
        try journal.close()
        #expect(await failure { _ = try await journal.runs(RunQuery()) } != nil)
    }
}
