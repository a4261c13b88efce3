import Foundation
package import Workflow

/// `file.download`: fetches a file over HTTP, resumes what was cut off, and checks what came.
///
/// Beside the file `<to>` stand, while it comes, `<to>.part` and `<to>.part.validator`, and later `<to>.origin`: the
/// SHA-256 of the file and of the URL it came from. The URL may hold a token, so of it only the host is ever shown.
/// Folders that were made above the file stay when it is reverted.
package struct FileDownload: StepKind {
    package let name = "file.download"
    package let summary = "Downloads a file over HTTP, resuming a cut-off one, and checks its SHA-256."
    package let parameters =
        [
            Parameter("url", .string, required: true, secret: true, "Where from; never shown, as it may hold a token."),
            Parameter("to", .string(.path), required: true, "The file to write; folders above it are made."),
            Parameter(
                "sha256", .string(pattern: "[0-9a-fA-F]{64}"),
                "What the file must have. Without it, the file is fetched again when the URL or the file has changed."),
            Parameter("max_bytes", .integer(1...(1 << 40)), default: .integer(4 << 30), "The largest file accepted."),
            Parameter("timeout", .duration, default: "1h", "The longest time for one try; the next one resumes it."),
        ] + HTTPParameters.access
    package let outputs = [
        Parameter("path", .string, "The file."), Parameter("sha256", .string, "Its SHA-256 in hex."),
        Parameter("bytes", .integer, "Its size."),
    ]
    package let reverting = Reverting.automatic

    private let client: any HTTPPerforming

    package init(client: any HTTPPerforming) {
        self.client = client
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let path = try input.string("to")
        _ = try input.authorization()
        guard let digest = try files(path, { try FileDigest.sha256(of: path) }) else {
            return .absent(prior: ["sha256": .null])
        }
        let prior: Value = ["sha256": .string(digest)]
        if let wanted = try input.optionalString("sha256")?.lowercased() {
            if wanted == digest { return .present(try output(path, digest)) }
            return .differs([Change("file \(path) sha256", from: .string(digest), to: .string(wanted))], prior: prior)
        }
        // What it was fetched from, and what it was then: both must still hold.
        let note = Self.note(url: try input.string("url"), digest: digest)
        if FileDigest.note(at: path + ".origin") == note { return .present(try output(path, digest)) }
        return .differs([Change("file \(path)", from: .string(digest), to: "what the URL gives")], prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let path = try input.string("to")
        let part = path + ".part"
        try files(path) {
            let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        let download = try await fetch(to: part, input, context)
        guard let digest = try files(part, { try FileDigest.sha256(of: part) }) else {
            throw StepError(.transient, "somebody has removed the file while it came", object: part)
        }
        if let wanted = try input.optionalString("sha256")?.lowercased(), wanted != digest {
            try discard(part)
            throw StepError(
                // The parts of a resumed file may be at fault: the next try fetches all of it.
                download.resumedFrom > 0 ? .transient : .permanent, "the file has the SHA-256 \(digest), not \(wanted)",
                object: path, remedy: "ask its publisher which one is right; do not use this file")
        }
        try files(path) {
            // Before the file itself: of both, the note is the one that can be wrong without harm.
            try FileDigest.write(Self.note(url: input.string("url"), digest: digest), to: path + ".origin")
            try FileManager.default.replace(path, with: part)
        }
        try discard(part)
        return try output(path, digest)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let path = try input.string("to")
        try discard(path + ".part")
        guard let before = prior?["sha256"] else { return [] }
        guard let digest = before.stringValue else {
            try files(path) { try FileManager.default.removeIfThere(path, path + ".origin") }
            return []
        }
        if try files(path, { try FileDigest.sha256(of: path) }) == digest { return [] }
        return ["file \(path), which held something else before (SHA-256 \(digest))"]
    }

    private func fetch(to part: String, _ input: StepInput, _ context: StepContext) async throws(StepError)
        -> HTTPDownload
    {
        let url = try input.string("url")
        let request = HTTPRequest(
            .get, url, authorization: try input.authorization(), trust: try input.trust(),
            timeout: try input.duration("timeout") ?? .seconds(3600),
            responseLimitBytes: try input.integer("max_bytes"),
            redirectLimit: 5)
        let object = "download from " + (HTTPAddress(url)?.host ?? "[not a URL]")
        let download: HTTPDownload
        do {
            download = try await client.download(request, to: part) { _ in }
        } catch {
            if error.kind == .tooLarge { try discard(part) }
            var failure = StepError(error, changes: false)
            // Not the request: the path of a URL may be as secret as its query.
            failure.object = object
            throw failure
        }
        guard download.isComplete else {
            let status = download.response.status
            throw StepError(
                // After 206 and 416 that do not fit what was asked for, the next try asks for everything.
                [206, 408, 416, 425, 429, 500, 502, 503, 504].contains(status) ? .transient : .permanent,
                "the server answered \(status)", object: object,
                remedy: (400..<500).contains(status)
                    ? "check the URL and the credentials; ask for new ones where they have expired"
                    : "look at the server's log")
        }
        if download.resumedFrom > 0 { context.log(.note, "resumed after \(download.resumedFrom) bytes") }
        return download
    }

    private func discard(_ part: String) throws(StepError) {
        try files(part) { try FileManager.default.removeIfThere(part, part + ".validator") }
    }

    private static func note(url: String, digest: String) -> String { "\(digest) \(FileDigest.sha256(ofText: url))" }

    private func output(_ path: String, _ digest: String) throws(StepError) -> StepOutput {
        let size = try files(path) { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int }
        return StepOutput(["path": .string(path), "sha256": .string(digest), "bytes": .integer(size ?? 0)])
    }
}
