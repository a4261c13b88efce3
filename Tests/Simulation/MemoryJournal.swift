import Foundation
import Workflow

/// A journal in memory: the coding, the chain and the rules of the lease are those of the real one.
final class MemoryJournal: Journal, @unchecked Sendable {  // Only touched by the kernel's thread.
    private struct Row {
        var run: RunID
        var at: Timestamp
        var text: String
        var events: [Value]
        var hash: Data
    }

    private var rows: [Row] = []
    private var index: [RunID: [Int]] = [:]
    private var records: [RunRecord] = []
    private var places: [RunID: Int] = [:]
    private var bundles: [String: Data] = [:]
    private var secrets: [RunID: String] = [:]
    private var requests: [(at: Timestamp, request: Value, answer: EngineAnswer?)] = []
    private var holder = Lease.Holder(epoch: 0, owner: nil, expires: Timestamp(milliseconds: 0))
    private var changes = 0

    init() {}

    func append(_ batch: JournalBatch, under lease: Lease) async throws {
        try lease.check(epoch: holder.epoch)
        for entry in batch.entries {
            let events = try entry.events.map { try $0.stored() }
            let text = try text(of: entry.events)
            let hash = HashChain.hash(
                after: rows.last?.hash ?? HashChain.origin, sequence: rows.count + 1, run: entry.run.rawValue,
                at: entry.at.milliseconds, events: text)
            index[entry.run, default: []].append(rows.count)
            rows.append(Row(run: entry.run, at: entry.at, text: text, events: events, hash: hash))
            if case .created(let header)? = entry.events.first {
                guard places[entry.run] == nil else {
                    throw JournalError(.misuse, "run \(entry.run) exists", remedy: "report this")
                }
                places[entry.run] = records.count
                records.append(
                    RunRecord(
                        id: entry.run, workflow: header.workflow, version: header.version, bundle: header.bundle,
                        status: entry.status, createdAt: entry.at, updatedAt: entry.at, group: header.group,
                        parent: header.parent?.run))
            }
            guard let place = places[entry.run] else {
                throw JournalError(.misuse, "no run \(entry.run)", remedy: "report this")
            }
            records[place].status = entry.status
            records[place].updatedAt = entry.at
        }
        for (id, answer) in batch.answers { requests[id - 1].answer = answer }
        bundles.merge(batch.bundles) { $1 }
        for (run, sealed) in batch.secrets { secrets[run] = sealed }
    }

    /// Written as the real journal writes it.
    private func text(of events: [RunEvent]) throws -> String {
        var bytes: [UInt8] = []
        for (place, event) in events.enumerated() {
            bytes.append(UInt8(ascii: place == 0 ? "[" : ","))
            try event.store(to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }

    func acquireLease(
        for owner: Owner, at now: Timestamp, lasting duration: Duration, isAlive: @Sendable (Owner) -> Bool?
    ) async throws -> Lease {
        guard holder.isFree(for: owner, at: now, isAlive: isAlive) else { throw holder.refusal }
        holder = Lease.Holder(epoch: holder.epoch + 1, owner: owner, expires: now + duration)
        return Lease(epoch: holder.epoch, owner: owner)
    }

    func renew(_ lease: Lease, at now: Timestamp, lasting duration: Duration) async throws {
        try lease.check(epoch: holder.epoch)
        holder.expires = now + duration
    }

    func release(_ lease: Lease) async throws {
        guard lease.epoch == holder.epoch else { return }
        holder.owner = nil
        holder.expires = Timestamp(milliseconds: 0)
    }

    func owner(at now: Timestamp) async throws -> Owner? { holder.expires > now ? holder.owner : nil }

    func runs(_ query: RunQuery) async throws -> [RunRecord] {
        if let id = query.id { return places[id].map { [records[$0]] } ?? [] }
        return records.reversed().filter { record in
            query.ids?.contains(record.id) ?? true && query.statuses?.contains(record.status) ?? true
                && (query.includesChildren || record.parent == nil)
        }
    }

    func highestName() async throws -> RunID? {
        records.map(\.id).max { $0.rawValue.utf8.lexicographicallyPrecedes($1.rawValue.utf8) }
    }

    func entries(of run: RunID, after sequence: Int) async throws -> [JournalEntry] {
        try (index[run] ?? []).filter { $0 >= sequence }.map { place in
            JournalEntry(
                sequence: place + 1, run: run, at: rows[place].at,
                events: try rows[place].events.map { value throws(InvalidEvent) in try RunEvent(stored: value) })
        }
    }

    func sealedSecrets(of run: RunID) async throws -> String? { secrets[run] }

    func store(bundle: Data, hash: String) async throws { bundles[hash] = bundle }
    func bundle(hash: String) async throws -> Data? { bundles[hash] }

    func submit(_ request: EngineRequest, at now: Timestamp) async throws -> Int {
        requests.append((now, try Value(encoding: request), nil))
        changes += 1
        return requests.count
    }

    func pendingRequests() async throws -> [(id: Int, request: EngineRequest?)] {
        try requests.enumerated().filter { $0.element.answer == nil }.map { index, row in
            (index + 1, try row.request.decoded(as: EngineRequest.self))
        }
    }

    func answer(to id: Int) async throws -> EngineAnswer? { requests[id - 1].answer }

    func output(
        of run: RunID, step: String?, after number: Int, limit: Int
    ) async throws -> [OutputLine] { [] }

    func changeCounter() async throws -> Int { changes }

    func verify(
        _ fold: @escaping @Sendable (RunRecord, [JournalEntry]) throws -> RunStatus
    ) async throws -> ChainReport {
        var faults: [String] = []
        var head = HashChain.origin
        for (place, row) in rows.enumerated() {
            let hash = HashChain.hash(
                after: head, sequence: place + 1, run: row.run.rawValue, at: row.at.milliseconds, events: row.text)
            if hash != row.hash { faults.append("entry \(place + 1) was changed") }
            head = row.hash
            if try Value(json: row.text) != .array(row.events) { faults.append("entry \(place + 1) reads as another") }
        }
        for record in records {
            let status = try fold(record, try await entries(of: record.id, after: 0))
            if status != record.status { faults.append("run \(record.id) is \(record.status), folded \(status)") }
        }
        return ChainReport(
            entries: rows.count, runs: records.count,
            head: head.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(), faults: faults)
    }
}
