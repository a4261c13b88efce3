/// A process that may own a journal.
public struct Owner: Hashable, Sendable, Codable, CustomStringConvertible {
    public var host: String
    /// Differs after each start of the machine.
    public var bootID: String
    public var pid: Int
    /// When the process started, in the kernel's own ticks since boot: tells apart two processes with one number.
    public var startTicks: Int
    public var login: String

    public init(host: String, bootID: String, pid: Int, startTicks: Int, login: String) {
        self.host = host
        self.bootID = bootID
        self.pid = pid
        self.startTicks = startTicks
        self.login = login
    }

    public var description: String { "\(login)@\(host), process \(pid)" }
}

/// The time-limited right to drive the runs of a journal. Each new owner has a higher epoch, and every write is
/// checked against it, so that a paused process that wakes up cannot write any more.
public struct Lease: Hashable, Sendable {
    public var epoch: Int
    public var owner: Owner

    public init(epoch: Int, owner: Owner) {
        self.epoch = epoch
        self.owner = owner
    }
}

extension Lease {
    /// Refuses a write of somebody who is not the owner any more.
    ///
    /// - Parameter epoch: The journal's.
    package func check(epoch: Int?) throws(JournalError) {
        guard epoch == self.epoch else {
            throw JournalError(
                .leaseLost, "another runner has taken over this journal",
                remedy: "nothing to do: it goes on with the runs; this process stops")
        }
    }

    /// Who owns a journal, as it is stored.
    package struct Holder: Sendable {
        package var epoch: Int
        package var owner: Owner?
        package var expires: Timestamp

        package init(epoch: Int, owner: Owner?, expires: Timestamp) {
            self.epoch = epoch
            self.owner = owner
            self.expires = expires
        }

        /// Whether `next` may become the owner.
        ///
        /// - Parameter isAlive: As for `Journal.acquireLease`.
        package func isFree(for next: Owner, at now: Timestamp, isAlive: (Owner) -> Bool?) -> Bool {
            owner.map { $0 == next || expires <= now || isAlive($0) == false } ?? true
        }

        /// Why somebody else may not become the owner.
        package var refusal: JournalError {
            JournalError(
                .leaseHeld, "another runner drives this journal" + (owner.map { ": \($0)" } ?? ""),
                remedy: "let it work, or end that process first")
        }
    }
}
