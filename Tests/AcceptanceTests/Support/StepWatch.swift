import Foundation
import GRDB
import Testing

/// What becomes of the steps of runs, as their journal tells it while another process writes it. A step of a sub-run is one
/// of its own.
final class StepWatch {
    /// Which of a step's two ways is looked at: being done, or being undone.
    enum Way { case forth, back }

    /// The steps that were begun, and those of them that are so now.
    private(set) var begun: Set<String> = []
    private(set) var underWay: Set<String> = []
    /// What must not be: a step that was done, and was begun or done again.
    private(set) var repeated: [String] = []
    /// The first run that was written of: the one that was asked for.
    private(set) var run: String?
    private var done: Set<String> = []
    private let way: Way
    private let database: DatabaseQueue
    private var sequence: Int
    private var names: [String: [String]] = [:]

    /// - Parameter sequence: What the journal holds up to here is no matter.
    init(_ way: Way, _ path: String, after sequence: Int) throws {
        self.way = way
        self.sequence = sequence
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Takes in what is new.
    ///
    /// - Returns: The steps that were begun by it, though they may have ended by it as well.
    @discardableResult
    func look() throws -> Set<String> {
        let rows = try database.read { database in
            // The file is there a little earlier than what is in it; GRDB would remember that the table is missing.
            guard
                try Bool.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master WHERE name = 'journal'") == true
            else { return [Row]() }
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT sequence, id, workflow, events FROM journal JOIN runs ON number = run
                    WHERE sequence > ? ORDER BY sequence
                    """, arguments: [sequence])
        }
        var new: Set<String> = []
        for row in rows {
            sequence = row["sequence"]
            let (id, workflow): (String, String) = (row["id"], row["workflow"])
            if run == nil { run = id }
            let data = Data((row["events"] as String).utf8)
            for event in try JSONSerialization.jsonObject(with: data) as? [[Any]] ?? [] {
                guard let code = event.first as? String, event.count > 1 else { continue }
                guard let name = try name(of: event[1], workflow) else { continue }
                // The name of a sub-run begins with its parent's.
                let place = id.dropFirst(run?.count ?? 0).drop { $0 == "." }
                let step = place.isEmpty ? name : "\(place).\(name)"
                if take(code, step) { new.insert(step) }
            }
        }
        return new
    }

    /// - Returns: Whether that is a beginning.
    private func take(_ code: String, _ step: String) -> Bool {
        switch (way, code) {
        case (.forth, "start"), (.forth, "wait"), (.back, "revert"):
            if done.contains(step) { repeated.append("\(step) was begun again") }
            begun.insert(step)
            underWay.insert(step)
            return true
        case (.forth, "ok"), (.back, "reverted"):
            if !done.insert(step).inserted { repeated.append("\(step) was done again") }
            underWay.remove(step)
        case (.forth, "fail"), (.forth, "interrupt"), (.forth, "unknown"), (.back, "revertfail"),
            (.back, "revertinterrupt"):
            underWay.remove(step)
        default: break
        }
        return false
    }

    /// - Parameter id: A step's index in its definition, or that with the index of an item.
    /// - Returns: Nil where the event is not about a step.
    private func name(of id: Any, _ workflow: String) throws -> String? {
        if names[workflow] == nil { names[workflow] = try Self.steps(of: workflow) }
        let numbers = id as? [Int] ?? (id as? Int).map { [$0] } ?? []
        guard let step = numbers.first, let names = names[workflow], names.indices.contains(step) else { return nil }
        return numbers.count > 1 ? "\(names[step])[\(numbers[1])]" : names[step]
    }

    /// The names of the steps of a shipped workflow, in its file's order.
    private static func steps(of workflow: String) throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "workflows/\(workflow).yaml"), encoding: .utf8)
        let steps = try #require(text.firstRange(of: "\nsteps:\n"))
        let rest = text[steps.upperBound...]
        let end = rest.firstRange(of: /\n[a-z]/)?.lowerBound ?? rest.endIndex
        return rest[..<end].matches(of: /(?m)^  ([a-z_]+):/).map { String($0.1) }
    }
}
