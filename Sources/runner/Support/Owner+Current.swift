import Foundation
import Workflow

extension Owner {
    /// This process.
    static func current(_ environment: [String: String]) -> Owner {
        let pid = Int(ProcessInfo.processInfo.processIdentifier)
        return Owner(
            host: hostName, bootID: currentBootID, pid: pid, startTicks: startTicks(of: pid) ?? 0,
            login: login(environment))
    }

    /// The account's name as the system knows it: `USER` can say anything. Behind sudo, who asked for it.
    private static func login(_ environment: [String: String]) -> String {
        if getuid() == 0, let person = environment["SUDO_USER"], !person.isEmpty { return person }
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        guard getpwuid_r(getuid(), &record, &buffer, buffer.count, &found) == 0, found != nil else {
            return "uid \(getuid())"
        }
        return String(cString: record.pw_name)
    }

    /// Whether that owner's process is still there; nil where that cannot be told from here.
    ///
    /// A process on another machine, or of another container on this one (which may well have the same host name), cannot
    /// be looked for; its lease has to run out. So does one of before a restart of the machine, which takes longer anyway.
    @Sendable static func isAlive(_ owner: Owner) -> Bool? {
        guard owner.host == hostName, owner.bootID == currentBootID else { return nil }
        return startTicks(of: owner.pid) == owner.startTicks
    }

    /// Without asking a name server, which may be slow to answer or not there.
    private static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 257)
        gethostname(&bytes, 256)
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The machine's start, and the name space that process numbers belong to.
    private static var currentBootID: String {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let space = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines)) \(space)"
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
