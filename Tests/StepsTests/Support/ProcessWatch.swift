import Foundation
import Glibc

/// Waits for facts about processes and files of a test, and fails the test by throwing when they do not come true.
enum ProcessWatch {
    struct NeverHappened: Error { let what: String }

    /// A zombie counts as gone: it holds nothing but its number.
    static func isAlive(_ process: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let name = stat.lastIndex(of: ")")
        else { return false }
        return stat[name...].dropFirst(2).first.map { $0 != "Z" && $0 != "X" } ?? false
    }

    /// Waits until `isTrue`, at most `limit` (generous: only a broken promise meets it).
    static func until(
        _ what: String, limit: Duration = .seconds(30), _ isTrue: () throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while try !isTrue() {
            guard clock.now < end else { throw NeverHappened(what: what) }
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    /// Process ids that a script has written to a file, one a line, once there are `count`.
    static func processes(in path: String, count: Int) async throws -> [pid_t] {
        var found: [pid_t] = []
        try await until("\(count) process ids in \(path)") {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            let complete = text.hasSuffix("\n") ? text[...] : text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
            found = complete.split(separator: "\n").compactMap { pid_t($0) }
            return found.count >= count
        }
        return found
    }
}
