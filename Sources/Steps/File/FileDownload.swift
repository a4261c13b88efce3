import Foundation
package import Workflow

/// `file.download`: fetches a file over HTTP, resumes what was cut off, and checks what came.
package struct FileDownload: StepKind {
    package let name = "file.download"
    package let summary = "Downloads a file over HTTP, resuming a cut-off one, and checks its SHA-256."
    package let parameters = [
        Parameter("url", .string, required: true, secret: true, "Where from; it may hold a token, so it is never shown."),
        Parameter("to", .string(.path), required: true, "The file to write; folders above it are made."),
        Parameter(
            "sha256", .string(pattern: "[0-9a-fA-F]{64}"),
            "What the file must have. Without it the file is fetched once and kept as long as it is unchanged."),
        Parameter("max_bytes", .integer(1...(1 << 40)), default: .integer(4 << 30), "The largest file that is accepted."),
        Parameter("user", .string, "The user of Basic authentication."),
        Parameter("password", .string, secret: true, "The password of Basic authentication."),
        Parameter("token", .string, secret: true, "The token of Bearer authentication."),
        Parameter("ca", .string, "Certificates (PEM) of a private authority; the machine's own do not count then."),
        Parameter("timeout", .duration, default: "1h", "The longest time for one try."),
    ]
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
        let prior: Value = ["existed": .bool(FileManager.default.fileExists(atPath: path))]
        guard let digest = try files(path, { try FileDigest.sha256(of: path) }) else { return .absent(prior: prior) }
        guard let wanted = try input.optionalString("sha256") else {
            // What it was fetched from, and what it was then: both must still hold.
            let note = try Self.note(url: input.string("url"), digest: digest)
            if FileDigest.note(at: path + ".origin") == note { return .present(try output(path, digest)) }
            return .differs([Change("file \(path)", from: .string("another one"), to: .string("the one at the URL"))], prior: prior)
        }
        if wanted.lowercased() == digest { return .present(try output(path, digest)) }
        return .differs([Change("file \(path) sha256", from: .string(digest), to: .string(wanted.lowercased()))], prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let path = try input.string("to")
        let url = try input.string("url")
        let part = path + ".part"
        try files(path) {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try await fetch(url, to: part, input, context)
        guard let digest = try files(part, { try FileDigest.sha256(of: part) }) else {
            throw StepError(.transient, "the download left no file", object: path)
        }
        if let wanted = try input.optionalString("sha256"), wanted.lowercased() != digest {
            try files(part) { try FileManager.default.removeItem(atPath: part) }
            throw StepError(
                .permanent, "the file has the SHA-256 \(digest), not \(wanted.lowercased())", object: path,
                remedy: "ask its publisher which one is right; do not use this file")
        }
        try files(path) {
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
            try FileManager.default.moveItem(atPath: part, toPath: path)
            try FileDigest.write(Self.note(url: url, digest: digest), to: path + ".origin")
        }
        return try output(path, digest)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let path = try input.string("to")
        guard prior?["existed"]?.boolValue == false else { return ["file \(path), which was there before"] }
        try files(path) {
            for file in [path, path + ".origin", path + ".part", path + ".part.validator"]
            where FileManager.default.fileExists(atPath: file) {
                try FileManager.default.removeItem(atPath: file)
            }
        }
        return []
    }

    private func fetch(_ url: String, to part: String, _ input: StepInput, _ context: StepContext) async throws(StepError) {
        let authorization: HTTPAuthorization? =
            if let token = try input.optionalString("token") {
                .bearer(token: token)
            } else if let user = try input.optionalString("user") {
                .basic(user: user, password: try input.optionalString("password") ?? "")
            } else {
                nil
            }
        let request = HTTPRequest(
            .get, url, authorization: authorization,
            trust: try input.optionalString("ca").map { .authorities(pem: $0) } ?? .system,
            timeout: try input.duration("timeout") ?? .seconds(3600), responseLimitBytes: try input.integer("max_bytes"),
            redirectLimit: 5)
        let host = "download from " + (HTTPAddress(url)?.host ?? "[not a URL]")
        let download: HTTPDownload
        do {
            download = try await client.download(request, to: part) { _ in }
        } catch {
            var failure = StepError(error, changes: false)
            // The path may hold a token as well as the query.
            failure.object = host
            throw failure
        }
        guard download.isComplete else {
            let status = download.response.status
            throw StepError(
                [408, 425, 429, 500, 502, 503, 504].contains(status) ? .transient : .permanent,
                "the server answered \(status)", object: host,
                remedy: [401, 403, 404, 410].contains(status)
                    ? "ask for a new URL or new credentials: this one is refused" : "look at the server's log")
        }
        if download.resumedFrom > 0 { context.log(.note, "resumed after \(download.resumedFrom) bytes") }
    }

    private static func note(url: String, digest: String) -> String { "\(digest) \(FileDigest.sha256(of: url))" }

    private func output(_ path: String, _ digest: String) throws(StepError) -> StepOutput {
        let size = try files(path) { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int }
        return StepOutput(["path": .string(path), "sha256": .string(digest), "bytes": .integer(size ?? 0)])
    }
}

/// Does something with files; a failure becomes the step's.
func files<T>(_ path: String, _ body: () throws -> T) throws(StepError) -> T {
    do {
        return try body()
    } catch {
        throw StepError(
            .permanent, "cannot work on the file: \(error.localizedDescription)", object: path,
            remedy: "check the folder's owner and rights, and that the disk has room")
    }
}
