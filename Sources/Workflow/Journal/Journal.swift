public import Foundation

/// Durable storage of runs. What `append` was given is on disk when it returns, whole or not at all.
///
/// Reads may run beside a write, also from another process. Writes that drive runs need the lease.
public protocol Journal: Sendable {
    /// Adds a batch in one transaction and returns when it is durable.
    ///
    /// - Throws: `JournalError`, `leaseLost` among them; nothing of the batch is stored then.
    func append(_ batch: JournalBatch, under lease: Lease) async throws

    /// Becomes the owner: the only process that drives runs.
    ///
    /// - Parameter isAlive: Whether the process of an owner is still there; nil where that cannot be told, and then
    ///   the lease has to run out first.
    /// - Throws: `JournalError.Code.leaseHeld` where another process is the owner.
    func acquireLease(
        for owner: Owner, at now: Timestamp, lasting duration: Duration, isAlive: @Sendable (Owner) -> Bool?
    ) async throws -> Lease
    /// Makes the lease last from `now` on again.
    func renew(_ lease: Lease, at now: Timestamp, lasting duration: Duration) async throws
    func release(_ lease: Lease) async throws
    /// Who owns the journal now; nil where nobody does, or the lease has run out.
    func owner(at now: Timestamp) async throws -> Owner?

    /// The runs that match, newest first.
    func runs(_ query: RunQuery) async throws -> [RunRecord]
    /// The name that sorts last, byte by byte, of all runs and sub-runs; nil where there is none.
    func highestName() async throws -> RunID?
    /// The entries of one run with a sequence number above `sequence`, oldest first.
    func entries(of run: RunID, after sequence: Int) async throws -> [JournalEntry]

    /// The run's encrypted secrets; nil where it has none.
    func sealedSecrets(of run: RunID) async throws -> String?

    /// Keeps a workflow's bundle under its hash. Storing the same again does nothing.
    func store(bundle: Data, hash: String) async throws
    func bundle(hash: String) async throws -> Data?

    /// Leaves a request for the owner; `answer` tells what became of it.
    func submit(_ request: EngineRequest, at now: Timestamp) async throws -> Int
    /// Requests without an answer, oldest first; nil stands for one that another version wrote and this one cannot read.
    func pendingRequests() async throws -> [(id: Int, request: EngineRequest?)]
    /// Nil while the owner has not answered.
    func answer(to id: Int) async throws -> EngineAnswer?

    /// The output lines of a run that came after number `number`, oldest first.
    func output(of run: RunID, step: String?, after number: Int, limit: Int) async throws -> [OutputLine]

    /// A number that changes whenever another process (or another opening of the file) has changed the journal; cheap to ask for.
    func changeCounter() async throws -> Int
    /// Folds the whole history and compares it with its hashes and with the run table.
    func verify(_ fold: @escaping @Sendable (RunRecord, [JournalEntry]) throws -> RunStatus) async throws -> ChainReport
}

/// One transition of one run, as it is stored.
public struct JournalEntry: Hashable, Sendable {
    /// 1-based, without gaps over the whole journal.
    public var sequence: Int
    public var run: RunID
    public var at: Timestamp
    public var events: [RunEvent]

    public init(sequence: Int, run: RunID, at: Timestamp, events: [RunEvent]) {
        self.sequence = sequence
        self.run = run
        self.at = at
        self.events = events
    }
}

/// What becomes durable together.
public struct JournalBatch: Sendable {
    public struct Entry: Sendable {
        public var run: RunID
        public var at: Timestamp
        public var events: [RunEvent]
        /// The run's status after the events.
        public var status: RunStatus

        public init(run: RunID, at: Timestamp, events: [RunEvent], status: RunStatus) {
            self.run = run
            self.at = at
            self.events = events
            self.status = status
        }
    }

    public var entries: [Entry] = []
    public var answers: [(request: Int, answer: EngineAnswer)] = []
    public var output: [OutputLine] = []
    /// The secrets of runs, encrypted; outside the hash chain, so that they can be bound anew.
    public var secrets: [(run: RunID, sealed: String)] = []

    /// Bundles of workflows that sub-runs use, by hash.
    public var bundles: [String: Data] = [:]

    public init() {}

    public var isEmpty: Bool {
        entries.isEmpty && answers.isEmpty && output.isEmpty && secrets.isEmpty && bundles.isEmpty
    }
}

/// A row of the run table: a projection of the journal, written in the same transaction.
public struct RunRecord: Hashable, Sendable, Codable {
    public var id: RunID
    public var workflow: String
    public var version: Int
    public var bundle: String
    public var status: RunStatus
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var group: String?
    public var parent: RunID?

    package init(
        id: RunID, workflow: String, version: Int, bundle: String, status: RunStatus, createdAt: Timestamp,
        updatedAt: Timestamp, group: String?, parent: RunID?
    ) {
        self.id = id
        self.workflow = workflow
        self.version = version
        self.bundle = bundle
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.group = group
        self.parent = parent
    }
}

/// Which runs to list.
public struct RunQuery: Hashable, Sendable {
    public var id: RunID?
    /// Runs with one of these names.
    public var ids: Set<RunID>?
    /// Runs whose names begin so.
    public var prefix: String?
    public var workflow: String?
    public var statuses: Set<RunStatus>?
    public var group: String?
    /// Whether sub-runs are listed too.
    public var includesChildren: Bool
    public var limit: Int

    public init(
        id: RunID? = nil, ids: Set<RunID>? = nil, prefix: String? = nil, workflow: String? = nil,
        statuses: Set<RunStatus>? = nil,
        group: String? = nil, includesChildren: Bool = false, limit: Int = .max
    ) {
        self.id = id
        self.ids = ids
        self.prefix = prefix
        self.workflow = workflow
        self.statuses = statuses
        self.group = group
        self.includesChildren = includesChildren
        self.limit = limit
    }

    /// Every run that still does something.
    public static let unsettled = RunQuery(
        statuses: Set(RunStatus.allCases.filter { !$0.isSettled }), includesChildren: true)
}

/// One line that an attempt wrote.
public struct OutputLine: Hashable, Sendable, Codable {
    /// Rises over the whole journal; zero until it is stored.
    public var number: Int
    public var run: RunID
    public var step: String
    public var attempt: Int
    public var at: Timestamp
    public var stream: LogStream
    /// Redacted, without its line end.
    public var text: String

    public init(
        number: Int = 0, run: RunID, step: String, attempt: Int, at: Timestamp, stream: LogStream, text: String
    ) {
        self.number = number
        self.run = run
        self.step = step
        self.attempt = attempt
        self.at = at
        self.stream = stream
        self.text = text
    }
}

/// What `verify` found.
public struct ChainReport: Hashable, Sendable, Codable {
    public var entries: Int
    public var runs: Int
    /// The hash of the last entry, in hex: note it elsewhere, and a later removal of the newest entries shows too.
    public var head: String
    /// A line for each fault; empty: the history is whole.
    public var faults: [String]

    package init(entries: Int, runs: Int, head: String, faults: [String]) {
        self.entries = entries
        self.runs = runs
        self.head = head
        self.faults = faults
    }
}
