import Crypto
import Foundation
package import Workflow

/// What ClearML's archive of applications unpacks to: a script, and a folder of applications that it uploads.
package struct ApplicationArchive: Sendable {
    /// How the script takes the credentials; it has changed between archives.
    package enum Options: String, Hashable, Sendable {
        /// `--user`, `--password`, as in the guide.
        case password
        /// `--key`, `--secret`, `--command upload`, as in newer archives.
        case key

        /// The script's arguments.
        package func arguments(url: String, credentials: ClearMLCredentials, folder: String) -> [String] {
            let login =
                switch self {
                case .password: ["--user", credentials.key, "--password", credentials.secret]
                case .key: ["--key", credentials.key, "--secret", credentials.secret, "--command", "upload"]
                }
            return ["--host", url] + login + ["--dir", folder, "-ml"]
        }
    }

    /// Absolute path of the script.
    package let script: String
    /// Absolute path of the folder of applications.
    package let folder: String
    /// What the script asks for.
    package let options: Options
    /// The applications' files, relative to the folder, sorted.
    package let files: [String]
    /// SHA-256 of the script and all files with their names, in hexadecimal: tells one archive from another.
    package let digest: String

    /// - Parameters:
    ///   - directory: Where the archive was unpacked.
    ///   - script: The script's path in it.
    ///   - folder: The folder's path in it.
    ///   - options: Nil: as the script's text tells.
    /// - Throws: A permanent error where something is missing or cannot be read.
    package init(directory: String, script: String, folder: String, options: Options?) throws(StepError) {
        let root = URL(filePath: directory, directoryHint: .isDirectory).standardizedFileURL
        self.script = root.appending(path: script).path
        self.folder = root.appending(path: folder).path
        let code = try Self.contents(self.script, "the upload script")
        self.options = options ?? Self.options(of: String(decoding: code, as: UTF8.self))
        files = try Self.files(in: self.folder)
        guard !files.isEmpty else {
            throw StepError(
                .permanent, "there are no applications", object: self.folder,
                remedy: "check that the archive is ClearML's archive of applications, and name its folder")
        }
        var hash = SHA256()
        hash.update(data: SHA256.hash(data: code).bytes)
        for file in files {
            hash.update(data: Data(file.utf8))
            hash.update(data: SHA256.hash(data: try Self.contents("\(self.folder)/\(file)", "an application")).bytes)
        }
        digest = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func options(of code: String) -> Options {
        code.contains("\"--secret\"") || code.contains("'--secret'") ? .key : .password
    }

    private static func contents(_ path: String, _ what: String) throws(StepError) -> Data {
        do {
            // Mapped: applications may be large.
            return try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        } catch {
            throw StepError(
                .permanent, "\(what) cannot be read: \(error.localizedDescription)", object: path,
                remedy: "check that the archive is ClearML's archive of applications")
        }
    }

    private static func files(in folder: String) throws(StepError) -> [String] {
        var isDirectory = false
        let exists = FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory)
        guard exists, isDirectory, let found = FileManager.default.enumerator(atPath: folder) else {
            throw StepError(
                .permanent, "there is no such folder", object: folder,
                remedy: "check that the archive is ClearML's archive of applications, and name its folder")
        }
        var files: [String] = []
        for case let file as String in found where found.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
            files.append(file)
        }
        return files.sorted()
    }
}

extension SHA256.Digest {
    fileprivate var bytes: Data { Data(self) }
}
