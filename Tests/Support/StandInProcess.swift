import Foundation
import Glibc

/// The stand-in of ClearML's API as a process of its own, on a loopback port, for as long as this is held.
package final class StandInProcess: Sendable {
    package let url: String
    private let process: RunningProgram
    private let folder: TemporaryDirectory

    /// - Parameters:
    ///   - users: Those of the server's configuration, as JSON.
    ///   - options: More, as `StandIn --help` lists them.
    package init(users: String, _ options: [String]) async throws {
        folder = try TemporaryDirectory()
        let program =
            ProcessInfo.processInfo.environment["SANDBOX_STANDIN"]
            ?? Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "StandIn").path ?? "StandIn"
        let address = folder.file("address")
        let credentials = try folder.write(users, to: "credentials.json")
        process = try Program(program).start(["--address-file", address, "--credentials-file", credentials] + options)
        try await until("the stand-in listens") { FileManager.default.fileExists(atPath: address) }
        url = "http://" + (try folder.read("address"))
    }

    deinit {
        process.kill(children: false)
        waitpid(process.pid, nil, 0)
    }
}
