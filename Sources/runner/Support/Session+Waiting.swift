import Workflow

extension Session {
    /// Where a run waits for somebody, and does nothing else: at a step of its own, or of a sub-run.
    func waiting(_ record: RunRecord) async throws -> (run: RunRecord, step: String)? {
        let machine = try await machine(of: record).machine
        guard !machine.isAtWork else { return nil }
        for instance in machine.instances {
            switch machine[instance].phase {
            case .waiting(.approval), .waiting(.signal): return (record, machine.graph.name(of: instance))
            case .waiting(.run(let child)):
                guard let child = try await journal.runs(RunQuery(id: child)).first else { continue }
                if let found = try await waiting(child) { return found }
            default: continue
            }
        }
        return nil
    }
}
