import Foundation

/// Remembers the requests that came, and decides which of them go wrong.
actor Ledger {
    private struct Armed {
        var fault: Fault
        var random: SplitMix64
        var passed = 0
    }

    private var armed: [Armed] = []
    private(set) var records: [Record] = []
    private let now: @Sendable () -> Date

    init(now: @escaping @Sendable () -> Date) {
        self.now = now
    }

    var faults: [Fault] { armed.map(\.fault) }

    func add(_ fault: Fault) {
        armed.append(Armed(fault: fault, random: SplitMix64(seed: fault.seed ?? 0)))
    }

    func clearFaults() { armed = [] }

    func clearRecords() { records = [] }

    /// Opens the record of a request, and strikes it with the first fault that is meant for it.
    func open(_ endpoint: String, method: String) -> (number: Int, fault: Fault?) {
        let fault = strike(endpoint)
        let number = (records.last?.number ?? 0) + 1
        records.append(Record(number: number, endpoint: endpoint, method: method, fault: fault?.kind, at: now()))
        return (number, fault)
    }

    func close(_ number: Int, status: Int?, identity: Call.Identity?) {
        guard let index = records.lastIndex(where: { $0.number == number }) else { return }
        records[index].status = status
        records[index].user = identity?.user
        records[index].company = identity?.company
    }

    private func strike(_ endpoint: String) -> Fault? {
        for index in armed.indices where armed[index].fault.befalls(endpoint) {
            if let left = armed[index].fault.count, left <= 0 { continue }
            armed[index].passed += 1
            if armed[index].passed <= armed[index].fault.after ?? 0 { continue }
            if let share = armed[index].fault.probability,
                Double.random(in: 0..<1, using: &armed[index].random) >= share
            {
                continue
            }
            armed[index].fault.count = armed[index].fault.count.map { $0 - 1 }
            return armed[index].fault
        }
        return nil
    }
}
