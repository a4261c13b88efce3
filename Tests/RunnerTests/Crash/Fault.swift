import Foundation
import Glibc
import TestSupport

/// What goes wrong in one process of the program: see `Tests/Fault/fault.c`, which does it.
struct Fault: Hashable, CustomStringConvertible {
    enum Kind: String, CaseIterable {
        /// Killed before or after a call that changes a file.
        case before, after
        /// The power is cut after that call.
        case cut
        /// Stopped in the middle of the first commit after that call, until it is woken.
        case stop
        /// From that call on the disk is full, broken or read-only; broken at that call alone.
        case full, broken, readonly, flaw
        /// Killed from outside after so many milliseconds; the second with all the programs it has started.
        case killed, killedWhole

        /// The process ends without a word.
        var isDeath: Bool { [.before, .after, .cut, .killed, .killedWhole].contains(self) }
        static let deaths: [Kind] = allCases.filter(\.isDeath)
        static let ofStore: [Kind] = [.full, .broken, .readonly, .flaw]
    }

    var kind: Kind
    var number: Int
    var seed: UInt32 = 0

    var description: String { "\(kind.rawValue):\(number):\(seed)" }

    /// How long the process may live, where it is killed from outside.
    var delay: Duration? { kind == .killed || kind == .killedWhole ? .milliseconds(number) : nil }

    /// For a process of this home.
    ///
    /// - Parameter log: Gets a line for each call that changes a file.
    func environment(in home: Home, log: String? = nil) -> [String: String] {
        var variables = [
            "LD_PRELOAD": Self.library, "FAULT_PATH": home.name,
            // An outside kill loads it as well: it counts, and changes nothing.
            "FAULT": delay == nil ? description : "before:0",
        ]
        variables["FAULT_LOG"] = log
        return variables
    }

    /// Built beside the program.
    private static let library =
        URL(filePath: Program.runnerPath).deletingLastPathComponent().appending(path: "libfault.so").path
}
