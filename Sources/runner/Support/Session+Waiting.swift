import Workflow

extension Session {
    /// Where a run waits for somebody, and does nothing else: at a step of its own, or of a sub-run.
    ///
    /// - Returns: The run and its step, and the command that lets it go on.
    func waiting(_ record: RunRecord) async throws -> (run: RunRecord, step: String, command: String)? {
        let machine = try await machine(of: record).machine
        guard !machine.isAtWork else { return nil }
        for instance in machine.instances {
            let step = machine.graph.name(of: instance)
            switch machine[instance].phase {
            case .waiting(.approval): return (record, step, "runner approve \(record.id) \(step)")
            case .waiting(.signal(let signal, _)): return (record, step, "runner signal \(record.id) \(signal)")
            case .waiting(.run(let child)):
                guard let child = try await journal.runs(RunQuery(id: child)).first else { continue }
                if let found = try await waiting(child) { return found }
            default: continue
            }
        }
        return nil
    }
}
