import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// A node `gpu-1` with the GPUs of the sandbox's `nvidia-smi`, reached through a `kubectl` that is a shell script
/// (`Sandbox/scripted-kubectl`): for what needs no cluster.
final class ScriptedNode: Sendable {
    private let directory: TemporaryDirectory
    private static let kubectl = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sandbox/scripted-kubectl").path

    init() throws {
        directory = try TemporaryDirectory()
        try reboot()
        try setPods(["nvidia-device-plugin-daemonset": true])
        try directory.write(
            #"{"kind":"Node","metadata":{"name":"gpu-1","labels":{"nvidia.com/gpu.present":"true"}},"#
                + #""status":{"nodeInfo":{"bootID":"b1"},"conditions":[{"type":"Ready","status":"True"}]}}"#, to: "node"
        )
    }

    func access() throws -> ClusterAccess {
        let environment = ProcessInfo.processInfo.environment.merging(["SCRIPTED_NODE": directory.path]) { $1 }
        return ClusterAccess(
            processes: ProcessRunner(environment: environment), files: try PrivateFiles(environment: environment),
            kubectl: Self.kubectl)
    }

    /// The pods of the node, by their label `app`, with whether they are ready.
    func setPods(_ pods: [String: Bool]) throws {
        let items = pods.map { name, isReady -> Value in
            [
                "kind": "Pod", "metadata": ["name": .string("\(name)-x"), "labels": ["app": .string(name)]],
                "status": ["conditions": [["type": "Ready", "status": isReady ? "True" : "False"]]],
            ]
        }
        try directory.write(Value.object(["kind": "List", "items": .array(items)]).canonicalJSON, to: "pods")
    }

    func reboot() throws { try directory.write(UUID().uuidString + "\n", to: "boot") }

    /// Writes a file of the GPUs' state; see the sandbox's `nvidia-smi`.
    func set(_ file: String, _ text: String = "") throws { try directory.write(text, to: "state/\(file)") }

    func remove(_ file: String) throws {
        try FileManager.default.removeItem(atPath: "\(directory.path)/state/\(file)")
    }

    /// What `nvidia-smi` was called with, but for queries.
    var changes: [String] {
        get throws {
            try String(contentsOfFile: "\(directory.path)/calls", encoding: .utf8).split(separator: "\n").compactMap {
                let words = $0.split(separator: " ").drop { $0 != "nvidia-smi" }.dropFirst()
                return words.contains { $0.hasPrefix("--query") } ? nil : words.joined(separator: " ")
            }
        }
    }

    /// The GPUs as they are, also where no test has asked before.
    func gpus() async throws -> [GPU] {
        let (_, result) = try await Kubectl(access()).attempt(["exec", "x", "--", "nvidia-smi"] + GPU.query)
        return try GPU.all(in: result.output.text)
    }

    func isEnabled(_ index: Int) async throws -> [MIGMode?] {
        let gpu = try await gpus()[index]
        return [gpu.current, gpu.pending]
    }
}
