import Foundation
package import Workflow

/// `archive.unzip`: unpacks a ZIP file into a folder of its own.
package struct ArchiveUnzip: StepKind {
    package let name = "archive.unzip"
    package let summary = "Unpacks a ZIP file into a folder, and nowhere else."
    package let parameters = [
        Parameter("archive", .string(.path), required: true, "The ZIP file."),
        Parameter("to", .string(.path), required: true, "The folder, which belongs to this step: what was in it goes."),
        Parameter("max_bytes", .integer(1...(1 << 40)), default: .integer(2 << 30), "The largest contents that are unpacked."),
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
        let (archive, folder) = (try input.string("archive"), try input.string("to"))
        let prior: Value = ["existed": .bool(FileManager.default.fileExists(atPath: folder))]
        guard prior["existed"] == true else { return .absent(prior: prior) }
        guard let digest = try files(archive, { try FileDigest.sha256(of: archive) }) else {
            throw StepError(
                .permanent, "there is no such archive", object: archive,
                remedy: "check the path, and the step that was to put the file there")
        }
        guard let note = FileDigest.note(at: folder + ".origin"), note.hasPrefix(digest + " "),
            let count = Int(note.dropFirst(digest.count + 1))
        else {
            return .differs([Change("folder \(folder)", from: "other contents", to: .string("the archive's"))], prior: prior)
        }
        return .present(StepOutput(["path": .string(folder), "files": .integer(count)]))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let (archive, folder) = (try input.string("archive"), try input.string("to"))
        let zip = ZipArchive(
            path: archive, limits: ZipArchive.Limits(totalBytes: try input.integer("max_bytes")), processes: processes)
        let count: Int
        do {
            count = try await zip.entries().count
            try await zip.extract(to: folder)
        } catch {
            throw StepError(error)
        }
        try files(folder) {
            let digest = try FileDigest.sha256(of: archive) ?? ""
            try FileDigest.write("\(digest) \(count)", to: folder + ".origin")
        }
        return StepOutput(["path": .string(folder), "files": .integer(count)])
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let folder = try input.string("to")
        guard prior?["existed"]?.boolValue == false else { return ["folder \(folder), which was there before"] }
        try files(folder) {
            for path in [folder, folder + ".origin", folder + ".unpacking"]
            where FileManager.default.fileExists(atPath: path) {
                try FileManager.default.removeItem(atPath: path)
            }
        }
        return []
    }
}
