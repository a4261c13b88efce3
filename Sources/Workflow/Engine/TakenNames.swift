/// Which names of runs may be taken already. A new run's name sorts after all others nearly always, and then there is no
/// need to look it up in the journal.
package struct TakenNames {
    /// All names that are taken and sort after it are in `later`.
    private var highest: RunID?
    private var later: Set<RunID> = []
    private let limit: Int

    /// - Parameters:
    ///   - highest: The last in order of all names that are taken; nil where there is none.
    ///   - limit: How many names are remembered at most.
    package init(highest: RunID?, limit: Int = 4096) {
        self.highest = highest
        self.limit = limit
    }

    package mutating func take(_ name: RunID) {
        later.insert(name)
        guard later.count > limit else { return }
        highest = later.reduce(highest) { Self.isAfter($1, $0) ? $1 : $0 }
        later.removeAll(keepingCapacity: true)
    }

    /// False where only the journal can tell.
    package func isFree(_ name: RunID) -> Bool { Self.isAfter(name, highest) && !later.contains(name) }

    /// In the order of the journal, byte by byte.
    private static func isAfter(_ name: RunID, _ other: RunID?) -> Bool {
        guard let other else { return true }
        return other.rawValue.utf8.lexicographicallyPrecedes(name.rawValue.utf8)
    }
}
