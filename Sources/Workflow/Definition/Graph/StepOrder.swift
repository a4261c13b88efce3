import HeapModule

/// An order in which steps can run, or the circles that prevent one.
///
/// Iterative throughout: a chain of any length is fine.
public struct StepOrder: Hashable, Sendable {
    /// The steps, each after all that it needs; of those that could come next, the one that stands first in the file.
    /// Where there are circles, the steps in and behind them are left out.
    public let order: [Int]
    /// Circles of steps: each needs the one after it, the last needs the first. Empty where there is an order.
    public let cycles: [[Int]]

    /// - Parameter needs: For each step the indices of those it needs; indices that are none are passed over.
    public init(needs: [[Int]]) {
        var missing = needs.map { Set($0.filter(needs.indices.contains)) }
        var dependents: [[Int]] = Array(repeating: [], count: needs.count)
        for (step, needed) in missing.enumerated() {
            for other in needed { dependents[other].append(step) }
        }
        var ready = Heap(missing.indices.filter { missing[$0].isEmpty })
        var order: [Int] = []
        while let step = ready.popMin() {
            order.append(step)
            for dependent in dependents[step] {
                missing[dependent].remove(step)
                if missing[dependent].isEmpty { ready.insert(dependent) }
            }
        }
        self.order = order

        // Every step that is left needs another that is left, so following these must come round in a circle.
        var left = Set(missing.indices.filter { !missing[$0].isEmpty })
        var cycles: [[Int]] = []
        for start in missing.indices where left.contains(start) {
            var path: [Int] = []
            var positions: [Int: Int] = [:]
            var step: Int? = start
            while let current = step, positions[current] == nil {
                positions[current] = path.count
                path.append(current)
                step = missing[current].filter(left.contains).min()
            }
            if let current = step, let position = positions[current] {
                let cycle = Array(path[position...])
                let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
                cycles.append(Array(cycle[first...] + cycle[..<first]))
            }
            left.subtract(path)
        }
        self.cycles = cycles
    }
}

extension WorkflowDefinition {
    /// The indices of the steps in an order in which they can run.
    public var order: [Int] { StepOrder(needs: steps.map(\.needs)).order }
}
