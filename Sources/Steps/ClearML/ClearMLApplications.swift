import Foundation
package import Workflow

/// `clearml.applications`: uploads ClearML's applications to the server with the script that comes with them.
///
/// The server does not tell which applications it has been given, so a receipt is kept in the cluster: what was uploaded,
/// and to which server. An upload that was interrupted has none and is done again; the script replaces what is there.
///
/// This runs code of the vendor's with the server's system credentials.
package struct ClearMLApplications: StepKind {
    package let name = "clearml.applications"
    package let summary = "Uploads ClearML's applications with the script of their archive."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("directory", .string(.path), required: true, "Where the archive of applications was unpacked."),
            Parameter("script", .string(.path), default: "upload_apps.py", "The script's path in it."),
            Parameter("folder", .string(.path), default: "apps", "Path in it of the folder of applications."),
            Parameter(
                "options", .oneOf("auto", "password", "key"), default: "auto",
                "How the script takes credentials: `--user` and `--password`, or `--key` and `--secret`; auto: it is read."
            ),
            Parameter("python", .string, default: "python3", "The Python to run it with."),
        ] + KeptConfigMap.parameters(default: "runner-clearml-applications")
    package let outputs = [
        Parameter("digest", .string, "SHA-256 of the script and the applications."),
        Parameter("files", .array(.string), "The files that were uploaded."),
    ]

    private let access: ClusterAccess
    private let transport: ClearMLTransport

    package init(_ access: ClusterAccess, _ transport: ClearMLTransport) {
        self.access = access
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let kept = try KeptConfigMap(input, access)
        let receipt = try await kept.read()
        let prior = try await kept.prior(receipt)
        guard let receipt, FileManager.default.fileExists(atPath: try input.string("directory")) else {
            return .absent(prior: prior)
        }
        let archive = try Self.archive(input)
        let server: String
        do {
            server = try await identity(of: input)
        } catch {
            if error.cause == .noReply(.cancelled) { throw error.stepError }
            return .unknown("the server does not answer: \(error.message)")
        }
        guard receipt["server"] == server else { return .absent(prior: prior) }
        guard receipt["digest"] == archive.digest else {
            let change = Change(
                "applications of \(try input.string("url"))", from: receipt["digest"].map { .string($0) },
                to: .string(archive.digest))
            return .differs([change], prior: prior)
        }
        return .present(Self.output(archive))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let archive = try Self.archive(input)
        let url = try input.string("url")
        let server: String
        do {
            server = try await identity(of: input)
        } catch {
            throw error.stepError
        }
        let arguments = archive.options.arguments(
            url: url, credentials: try ClearMLParameters.credentials(input), folder: archive.folder)
        let python = try input.string("python")
        context.log(.note, "\(archive.files.count) files to \(url)")
        try await access.files.withDirectory { directory in
            var environment: [String: String] = [:]
            if let ca = try input.optionalString("ca") {
                let file = try directory.write(ca, to: "ca.pem")
                // Whichever library the script uses, one of these is its name for it.
                for name in ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"] { environment[name] = file }
            }
            let script = VendorScript(
                python: python, path: archive.script, arguments: arguments, environment: environment)
            try await script.run(with: access.processes, object: archive.script) { line in
                context.log(line.stream == .output ? .stdout : .stderr, line.text)
            }
        }
        try await KeptConfigMap(input, access).write(["digest": archive.digest, "server": server])
        return Self.output(archive)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let left = try await KeptConfigMap(input, access).restore(prior)
        return left + [
            "applications on \(try input.string("url")) stay as long as the server does: it has no call to remove them"
        ]
    }

    private static func archive(_ input: StepInput) throws(StepError) -> ApplicationArchive {
        try ApplicationArchive(
            directory: try input.string("directory"), script: try input.string("script"),
            folder: try input.string("folder"),
            options: ApplicationArchive.Options(rawValue: try input.string("options")))
    }

    /// Tells a server, with its data, from another one under the same address.
    private func identity(of input: StepInput) async throws(ClearMLFailure) -> String {
        let client: ClearMLClient
        do {
            client = try ClearMLParameters.client(input, transport)
        } catch {
            throw ClearMLFailure(.noReply(.invalidRequest), call: "users.get_current_user", message: error.message)
        }
        let user = try await client.read("users.get_current_user").data["user"] ?? [:]
        return [user["company"]?["id"], user["id"], user["created"]].map { $0?.stringValue ?? "-" }.joined(
            separator: " ")
    }

    private static func output(_ archive: ApplicationArchive) -> StepOutput {
        StepOutput(["digest": .string(archive.digest), "files": .array(archive.files.map { .string($0) })])
    }
}
