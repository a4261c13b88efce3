import ArgumentParser
import Foundation
import Steps
import Workflow

/// What a shell offers to complete an argument with. Where something is not there or cannot be read, it offers nothing.
enum Candidates {
    /// The newest runs, and `last`.
    static let runs = CompletionKind.custom { words, _, _ in
        let records = await session(words) { session in try await session.journal.runs(RunQuery(limit: 50)) }
        return ["last"] + (records ?? []).map(\.id.rawValue)
    }

    /// The steps of the run that is named before.
    static let steps = CompletionKind.custom { words, _, _ in
        guard let run = words.dropFirst(2).first(where: { !$0.hasPrefix("-") }) else { return [] }
        let names = await session(words) { session in
            let machine = try await session.machine(of: try await session.run(run)).machine
            return machine.instances.map { machine.graph.name(of: $0) }
        }
        return names ?? []
    }

    /// Names of workflows, and files of them.
    static let workflows = CompletionKind.custom { _, _, prefix in
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        let paths = entries.filter { !$0.hasPrefix(".") }.compactMap { entry -> String? in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: folder + entry, isDirectory: &isFolder) else { return nil }
            return isFolder.boolValue ? "\(folder)\(entry)/" : entry.hasSuffix(".yaml") ? folder + entry : nil
        }
        return WorkflowSource.names(environment) + paths.sorted()
    }

    static let kinds = CompletionKind.custom { _, _, _ in
        (try? StepCatalog.standard(environment: environment))?.all.map(\.name) ?? []
    }

    static let inputFiles = CompletionKind.file(extensions: ["yaml", "yml"])

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    private static func session<T: Sendable>(
        _ words: [String], _ body: (Session) async throws -> T
    ) async -> T? {
        var options = DatabaseOption()
        options.database = words.firstIndex(of: "--db").flatMap { words.dropFirst($0 + 1).first }
        guard FileManager.default.fileExists(atPath: options.home().database) else { return nil }
        return try? await Session.open(options, body)
    }
}
