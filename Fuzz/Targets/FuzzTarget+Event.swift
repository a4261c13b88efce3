import Workflow

extension FuzzTarget {
    /// A bit of everything: chains, fan-in, items with and without a limit, conditions, and what cannot be undone.
    private static let definition = WorkflowDefinition(
        name: "test",
        steps: [
            StepDefinition("first", uses: "thing"),
            StepDefinition("items", uses: "thing", needs: [0], forEach: .literal([]), maxParallel: 2),
            StepDefinition("all", uses: "thing", forEach: .literal([])),
            StepDefinition("maybe", uses: "thing", needs: [0], when: .literal(true)),
            StepDefinition("join", uses: "reader", needs: [1, 3]),
            StepDefinition("sent", uses: "final", needs: [2]),
            StepDefinition("last", uses: "thing", needs: [4, 5]),
        ], onFailure: .rollback)

    /// An event reads back as it is stored. A machine takes in what it asks for, refuses what does not fit and is unchanged
    /// then, and folds from its journal, whatever happens in whatever order.
    ///
    /// A number among the events stands for what the machine asks for at that point.
    static func checkEvents(_ text: String) throws {
        guard let rows = try? StoredText.value(text).arrayValue else { return }
        var walk = MachineWalk(definition)
        for row in rows.prefix(1000) {
            if let number = row.integerValue {
                try walk.follow(Int(number.magnitude % 64))
            } else if let event = try? RunEvent(stored: row) {
                try checkStored(event)
                _ = event.summary(in: walk.machine.graph)
                _ = try walk.apply(event)
            }
            _ = (walk.machine.next(), walk.machine.interruptions, walk.machine.timers, walk.machine.isAtWork)
        }
        try walk.checkFold()
    }

    private static func checkStored(_ event: RunEvent) throws {
        let stored = try event.stored().canonicalJSON
        var written: [UInt8] = []
        try event.store(to: &written)
        try require(String(decoding: written, as: UTF8.self) == stored, "two stored forms: \(stored)")
        let read = try RunEvent(stored: try StoredText.value(stored))
        // Compared as they are stored: a number that is whole has two forms in memory.
        try require(try read.stored().canonicalJSON == stored, "\(stored) reads back as \(read)")
    }
}
