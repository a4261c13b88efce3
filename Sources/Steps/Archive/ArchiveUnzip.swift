import Foundation
package import Workflow

/// `archive.unzip`: unpacks a ZIP file into a folder of its own.
///
/// The folder is replaced as a whole and in one step, whatever was in it. Beside it stands `<to>.origin`, with the
/// SHA-256 of the archive and of what came out, so that any later change in either is seen.
package struct ArchiveUnzip: StepKind {
    package let name = "archive.unzip"
    package let summary = "Unpacks a ZIP file into a folder, and nowhere else."
    package let parameters = [
        Parameter("archive", .string(.path), required: true, "The ZIP file."),
        Parameter("to", .string(.path), required: true, "The folder, which belongs to this step: what was in it goes."),
        Parameter("max_bytes", .integer(1...(1 << 40)), default: .integer(2 << 30), "The most that is unpacked."),
    ]
    package let outputs = [
        Parameter("path", .string, "The folder."), Parameter("files", .integer, "How many entries the archive has."),
    ]
    package let reverting = Reverting.automatic

    private let processes: any ProcessRunning

    package init(processes: any ProcessRunning) {
        self.processes = processes
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let (archive, folder) = (try input.string("archive"), try folder(input))
        guard FileManager.default.isThere(folder) else { return .absent(prior: ["existed": false]) }
        if let digest = try files(archive, { try FileDigest.sha256(of: archive) }), let origin = origin(of: folder),
            origin.archive == digest, try files(folder, { try Self.digest(ofContents: folder) }) == origin.contents
        {
            return .present(output(folder, origin.entries))
        }
        return .differs(
            [Change("folder \(folder)", from: "other contents", to: "what is in the archive")], prior: ["existed": true]
        )
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let (archive, folder) = (try input.string("archive"), try folder(input))
        let zip = ZipArchive(
            path: archive, limits: ZipArchive.Limits(totalBytes: try input.integer("max_bytes")), processes: processes)
        let digest = try files(archive) { try FileDigest.sha256(of: archive) }
        let count: Int
        do {
            count = try await zip.entries().count
            try await zip.extract(to: folder)
        } catch {
            throw StepError(error)
        }
        try files(folder) {
            let contents = try Self.digest(ofContents: folder)
            let origin = Origin(archive: digest ?? "", contents: contents ?? "", entries: count)
            try FileDigest.write(origin.text, to: folder + ".origin")
        }
        return output(folder, count)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let folder = try folder(input)
        guard let existed = prior?["existed"]?.boolValue else { return [] }
        if existed { return ["folder \(folder), which may have held something else before"] }
        try files(folder) {
            try FileManager.default.removeIfThere(folder, folder + ".origin", folder + ".unpacking")
        }
        return []
    }

    /// The folder without a `/` at its end, as names are made from it.
    private func folder(_ input: StepInput) throws(StepError) -> String {
        var folder = try input.string("to")
        while folder.hasSuffix("/"), folder != "/" { folder.removeLast() }
        let inner = [try input.string("archive"), FileManager.default.currentDirectoryPath].map(Self.components)
        let outer = Self.components(folder)
        if let lost = inner.first(where: { $0.starts(with: outer) }) {
            throw StepError(
                .permanent, "all that is in the folder would go, and '\(lost.joined(separator: "/"))' is in it",
                object: "folder \(folder)", remedy: "name a folder of its own under 'to'")
        }
        return folder
    }

    /// Of where the path leads to: absolute, and without links.
    private static func components(_ path: String) -> [String] {
        URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.pathComponents
    }

    // MARK: What it was made from

    private struct Origin {
        var archive: String
        var contents: String
        var entries: Int

        var text: String { "\(archive) \(contents) \(entries)" }
    }

    private func origin(of folder: String) -> Origin? {
        let words = FileDigest.note(at: folder + ".origin")?.split(separator: " ").map(String.init) ?? []
        guard words.count == 3, let entries = Int(words[2]) else { return nil }
        return Origin(archive: words[0], contents: words[1], entries: entries)
    }

    /// Nil where it is no folder.
    private static func digest(ofContents folder: String) throws -> String? {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
        return isThere && isFolder.boolValue ? try FileDigest.sha256(ofFolder: folder) : nil
    }

    private func output(_ folder: String, _ entries: Int) -> StepOutput {
        StepOutput(["path": .string(folder), "files": .integer(entries)])
    }
}
