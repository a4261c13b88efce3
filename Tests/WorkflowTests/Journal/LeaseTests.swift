import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10))) struct LeaseTests {
    private let folder: TemporaryDirectory
    private let journal: SQLiteJournal

    init() throws {
        folder = try TemporaryDirectory()
        journal = try SQLiteJournal(path: folder.file("journal.db"))
    }

    private func acquire(_ pid: Int, at now: Timestamp = .start, isAlive: Bool?) async throws -> Lease {
        try await journal.acquireLease(for: .test(pid), at: now, lasting: .seconds(15)) { owner in
            #expect(owner == .test(1))
            return isAlive
        }
    }

    private func code(_ body: () async throws -> Void) async -> JournalError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? JournalError)?.code
        }
    }

    @Test func aLivingOwnerIsNotReplaced() async throws {
        _ = try await acquire(1, isAlive: nil)
        #expect(await code { _ = try await acquire(2, isAlive: true) } == .leaseHeld)
        #expect(await code { _ = try await acquire(2, isAlive: nil) } == .leaseHeld)
        #expect(try await journal.owner(at: .start) == .test(1))
    }

    @Test func aDeadOwnerIsReplacedAtOnce() async throws {
        let first = try await acquire(1, isAlive: nil)
        let second = try await acquire(2, isAlive: false)
        #expect(second.epoch == first.epoch + 1)
        #expect(try await journal.owner(at: .start) == .test(2))
    }

    @Test func anOwnerWithoutASignOfLifeIsReplacedWhenItsLeaseRunsOut() async throws {
        let first = try await acquire(1, isAlive: nil)
        let later = Timestamp.start + .seconds(10)
        try await journal.renew(first, at: later, lasting: .seconds(15))
        #expect(await code { _ = try await acquire(2, at: .start + .seconds(20), isAlive: nil) } == .leaseHeld)
        #expect(try await journal.owner(at: later + .seconds(15)) == nil)
        _ = try await acquire(2, at: later + .seconds(15), isAlive: nil)
    }

    @Test func whoHasLostTheLeaseWritesNothing() async throws {
        let first = try await acquire(1, isAlive: nil)
        try await journal.append(.created("r1"), under: first)
        let second = try await acquire(2, isAlive: false)
        #expect(await code { try await journal.append(.created("r2"), under: first) } == .leaseLost)
        #expect(await code { try await journal.renew(first, at: .start, lasting: .seconds(15)) } == .leaseLost)
        try await journal.release(first)
        #expect(try await journal.owner(at: .start) == .test(2), "a stale owner gives nothing away")
        try await journal.append(.created("r3"), under: second)
        #expect(try await journal.runs(RunQuery()).map(\.id.rawValue) == ["r3", "r1"])
    }

    @Test func aReleasedLeaseIsFree() async throws {
        let first = try await acquire(1, isAlive: nil)
        try await journal.release(first)
        #expect(try await journal.owner(at: .start) == nil)
        _ = try await acquire(2, isAlive: true)
        #expect(await code { try await journal.append(.created("r"), under: first) } == .leaseLost)
    }

    @Test func ofTwoThatTakeOverOneWins() async throws {
        _ = try await acquire(1, isAlive: nil)
        let path = journal.path
        let won = try await withThrowingTaskGroup(of: Bool.self) { group in
            for pid in 2..<8 {
                group.addTask {
                    let own = try SQLiteJournal(path: path)
                    do {
                        // Only the first owner is dead.
                        _ = try await own.acquireLease(for: .test(pid), at: .start, lasting: .seconds(15)) {
                            $0 != .test(1)
                        }
                        return true
                    } catch let error as JournalError where error.code == .leaseHeld {
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(won == 1)
    }
}
