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
