import Foundation
import TestSupport
import Testing

extension Home {
    /// Drives a run to its end, and kills the program at some moment after the beginning of each of its steps, once.
    ///
    /// - Parameters:
    ///   - code: The journal's word for such a beginning: `start`, or `revert`.
    ///   - longest: The latest of these moments.
    /// - Returns: How often it was killed.
    @discardableResult
    func drive(
        _ arguments: [String], killingAtEach code: String, within longest: Duration = .milliseconds(800),
        using random: inout SeededGenerator
    ) async throws -> Int {
        var arguments = arguments
        let (earlier, begun) = (try await lastRun(), try await journalEnd())
        // A rollback goes on with a run that is there; all else begins one.
        func isThere() async throws -> Bool {
            if code == "revert" { return true }
            return try await lastRun() != earlier
        }
        var seen: Set<String> = []
        var kills = 0
        while true {
            let process = try start(arguments)
            let moment = longest * Double.random(in: 0...1, using: &random)
            let (known, children) = (seen, kills % 2 == 0)
            let killer = Task { () -> Set<String> in
                while !Task.isCancelled {
                    let new = try await beginnings(code, after: begun).subtracting(known)
                    if !new.isEmpty {
                        try await Task.sleep(for: moment)
                        process.kill(children: children)
                        return new
                    }
                    try await Task.sleep(for: .milliseconds(30))
                }
                return []
            }
            let result = await process.result()
            killer.cancel()
            guard result.isKilled else {
                // To resume a rollback ends with its run's status, and that is no success.
                #expect(result.status == (code == "revert" && kills > 0 ? 1 : 0), "\(result.text)")
                return kills
            }
            seen.formUnion(try await killer.value)
            kills += 1
            guard try await isThere() else { continue }
            // The last kill may come when all is done, and only the program has not ended yet.
            if try await show().status == (code == "revert" ? "rolledBack" : "succeeded") { return kills }
            arguments = ["resume", "last"]
        }
    }

    private func lastRun() async throws -> String? { try await hasRun() ? try await show().run : nil }

    private func journalEnd() async throws -> Int {
        guard FileManager.default.fileExists(atPath: database) else { return 0 }
        return try await query("SELECT coalesce(max(sequence), 0) FROM journal").first.flatMap(Int.init) ?? 0
    }

    private func beginnings(_ code: String, after sequence: Int) async throws -> Set<String> {
        guard FileManager.default.fileExists(atPath: database) else { return [] }
        let rows = try await Program("sqlite3").run(
            [
                "-cmd", ".timeout 5000", database,
                // Those of sub-runs are steps of their own.
                """
                SELECT run || '.' || json_extract(event.value, '$[1]') FROM journal, json_each(journal.events) AS event
                WHERE sequence > \(sequence) AND json_extract(event.value, '$[0]') = '\(code)' ORDER BY sequence
                """,
            ])
        return Set(rows.output.split(whereSeparator: \.isNewline).map(String.init))
    }
}
