import Foundation
import Workflow

extension Owner {
    /// This process.
    static func current(_ environment: [String: String]) -> Owner {
        let pid = Int(ProcessInfo.processInfo.processIdentifier)
        return Owner(
            host: ProcessInfo.processInfo.hostName, bootID: currentBootID, pid: pid, startTicks: startTicks(of: pid) ?? 0,
            login: environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "uid \(getuid())")
    }

    /// Whether that owner's process is still there; nil where it is on another machine.
    @Sendable static func isAlive(_ owner: Owner) -> Bool? {
        guard owner.host == ProcessInfo.processInfo.hostName else { return nil }
        guard owner.bootID == currentBootID else { return false }
        return startTicks(of: owner.pid) == owner.startTicks
    }

    private static var currentBootID: String {
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }

    /// Field 22 of `/proc/PID/stat`; nil where there is no such process, or only what is left of a dead one.
    private static func startTicks(of pid: Int) -> Int? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return Int(fields[19])
    }
}

extension Actor {
    /// Who sits at this terminal.
    static func current(_ environment: [String: String]) -> Actor {
        let owner = Owner.current(environment)
        return Actor("\(owner.login)@\(owner.host)")
    }
}
