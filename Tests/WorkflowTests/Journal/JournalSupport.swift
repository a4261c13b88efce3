import Workflow

extension Owner {
    static func test(_ pid: Int = 1) -> Owner { Owner(host: "h", bootID: "b", pid: pid, startTicks: 1, login: "ada") }
}

extension Timestamp {
    static let start = Timestamp(milliseconds: 1_700_000_000_000)
}

extension Journal {
    /// The lease of a test that has the file for itself.
    func lease(_ pid: Int = 1, at now: Timestamp = .start) async throws -> Lease {
        try await acquireLease(for: .test(pid), at: now, lasting: .seconds(15)) { _ in false }
    }
}

extension JournalBatch {
    static func created(
        _ run: String, _ header: RunHeader = RunHeader(workflow: "test", version: 1, bundle: "b", by: Actor("ada"))
    ) -> JournalBatch {
        .events(run, .created(header), status: .pending)
    }

    static func events(_ run: String, _ events: RunEvent..., status: RunStatus = .running) -> JournalBatch {
        var batch = JournalBatch()
        batch.entries.append(Entry(run: RunID(run), at: .start, events: events, status: status))
        return batch
    }
}
