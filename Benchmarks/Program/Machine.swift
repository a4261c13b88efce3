import Foundation
import Glibc

/// What figures depend on.
struct Machine: Codable, Hashable {
    var processor: String
    var processors: Int
    var memoryGB: Int
    var kernel: String
    var sqlite: String
    var fileSystem: String

    /// - Parameter folder: Where the journals of the benchmark are.
    init(folder: String, sqlite: String) {
        processor =
            Self.text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last }.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        processors = ProcessInfo.processInfo.activeProcessorCount
        memoryGB = Int(ProcessInfo.processInfo.physicalMemory >> 30)
        kernel = Self.text("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)
        self.sqlite = sqlite
        let mounts = Self.text("/proc/self/mounts").split(separator: "\n").map { $0.split(separator: " ") }
        let mount = mounts.filter { $0.count > 2 && folder.hasPrefix($0[1]) }.max { $0[1].count < $1[1].count }
        fileSystem = mount.map { "\($0[2]) on \($0[0])" } ?? "unknown"
    }

    /// The most memory that this process had at once.
    static var peakMemoryMB: Double {
        let line = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return Double(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
