package import Foundation
import Glibc

/// What `/proc` tells of other processes.
package enum ProcessWatch {
    /// A zombie counts as gone: it holds nothing but its number.
    package static func isAlive(_ process: pid_t) -> Bool {
        stat(of: process)?.first.map { $0 != "Z" && $0 != "X" } ?? false
    }

    /// Whether it was stopped by a signal.
    package static func isStopped(_ process: pid_t) -> Bool { stat(of: process)?.first == "T" }

    /// Processes whose chain of parents leads to `ancestor`.
    package static func descendants(of ancestor: pid_t) -> [pid_t] {
        var parents: [pid_t: pid_t] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = pid_t(name), let fields = stat(of: process), fields.count > 1 else { continue }
            parents[process] = pid_t(fields[1])
        }
        var found: Set<pid_t> = [ancestor]
        var grew = true
        while grew {
            let more = parents.filter { found.contains($0.value) && !found.contains($0.key) }.keys
            grew = !more.isEmpty
            found.formUnion(more)
        }
        return found.subtracting([ancestor]).sorted()
    }

    /// The arguments of a process and of all that descend from it, as `ps` shows them, until it ends.
    package static func arguments(under ancestor: pid_t) async -> Set<String> {
        var seen: Set<String> = []
        while isAlive(ancestor) {
            for process in [ancestor] + descendants(of: ancestor) {
                // Gone meanwhile, or a zombie: nothing to see.
                guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/cmdline"), !bytes.isEmpty
                else {
                    continue
                }
                seen.insert(String(decoding: bytes, as: UTF8.self).replacing("\0", with: " "))
            }
            do { try await Task.sleep(for: .milliseconds(5)) } catch { break }
        }
        return seen
    }

    /// Process ids that a script has written to a file, one a line, once there are `count`.
    package static func processes(in path: String, count: Int) async throws -> [pid_t] {
        var found: [pid_t] = []
        try await until("\(count) process ids in \(path)") {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            let complete = text.hasSuffix("\n") ? text[...] : text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
            found = complete.split(separator: "\n").compactMap { pid_t($0) }
            return found.count >= count
        }
        return found
    }

    /// The fields of `/proc/PID/stat` after the name, which may hold anything: state, parent, and so on.
    private static func stat(of process: pid_t) -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
