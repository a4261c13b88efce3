/// Makes a failing scenario smaller while it still breaks the same invariant.
package enum Shrinker {
    /// - Parameter fails: Plays a scenario; nil where all holds.
    package static func shrink(_ scenario: Scenario, _ invariant: Invariant, fails: (Scenario) -> Violation?)
        -> Scenario
    {
        var smallest = scenario
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for candidate in candidates(smallest) where fails(candidate)?.invariant == invariant {
                smallest = candidate
                isSmaller = true
                break
            }
        }
        return smallest
    }

    private static func candidates(_ scenario: Scenario) -> [Scenario] {
        var all: [Scenario] = []
        func add(_ change: (inout Scenario) -> Void) {
            var next = scenario
            change(&next)
            if next != scenario { all.append(next) }
        }
        for index in scenario.faults.indices { add { $0.faults.remove(at: index) } }
        if scenario.runs > 1 { add { $0.runs -= 1 } }
        if scenario.workflow.steps.count > 1 {
            for step in scenario.workflow.steps { add { $0.workflow.remove(step.id) } }
        }
        if let child = scenario.child, child.steps.count > 1 {
            for step in child.steps { add { $0.child?.remove(step.id) } }
        }
        for index in scenario.workflow.steps.indices {
            add { $0.workflow.steps[index].forEach = nil }
            add { $0.workflow.steps[index].when = nil }
            add { $0.workflow.steps[index].existing = .nothing }
            for need in scenario.workflow.steps[index].needs {
                add { $0.workflow.steps[index].needs.removeAll { $0 == need } }
            }
        }
        add { $0.commitTime = 0 }
        add { $0.callTime = 0 }
        add { $0.parallel = 1 }
        add { $0.isOnDemand = false }
        add { $0.writesBeside = false }
        return all
    }
}

extension Scenario.Plan {
    fileprivate mutating func remove(_ id: String) {
        steps.removeAll { $0.id == id }
        for index in steps.indices {
            steps[index].needs.removeAll { $0 == id }
            if steps[index].when == id { steps[index].when = nil }
            if steps[index].forEach == .output(id) { steps[index].forEach = .count(2) }
        }
    }
}
