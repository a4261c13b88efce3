import Foundation
import Glibc
import Steps
import TestSupport
import Testing

struct PrivateFilesTests {
    struct Stop: Error {}

    @Test("files are private, and gone on every way out")
    func removed() async throws {
        let base = try TemporaryDirectory()
        let files = try PrivateFiles(environment: ["XDG_RUNTIME_DIR": base.path])
        let path = try await files.withDirectory { directory in
            let path = try directory.write("s3cret", to: "values.yaml")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(stat(directory.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "s3cret")
            return path
        }
        #expect(!FileManager.default.fileExists(atPath: path))

        var kept = ""
        await #expect(throws: Stop.self) {
            try await files.withDirectory { directory in
                kept = try directory.write("s3cret", to: "values.yaml")
                throw Stop()
            }
        }
        #expect(kept.hasPrefix(base.path))
        #expect(!FileManager.default.fileExists(atPath: kept))
    }

    @Test("the runner's own directory goes with it")
    func home() throws {
        let base = try TemporaryDirectory()
        let root = base.file("runner-private-\(geteuid())")
        do {
            let files = try PrivateFiles(environment: ["XDG_RUNTIME_DIR": base.path])
            #expect(try FileManager.default.contentsOfDirectory(atPath: root).count == 2)
            withExtendedLifetime(files) {}
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["lock"])
    }

    @Test("a place that others can enter, or a link to one, is refused for the next place")
    func untrusted() async throws {
        let base = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        symlink(other.path, base.file("runner-private-\(geteuid())"))
        let files = try PrivateFiles(environment: ["XDG_RUNTIME_DIR": base.path])
        try await files.withDirectory { #expect(!$0.path.hasPrefix(base.path)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: other.path) == [])
    }

    @Test("a file is never overwritten")
    func exclusive() async throws {
        let files = try PrivateFiles(environment: [:])
        try await files.withDirectory { directory in
            _ = try directory.write("one", to: "a")
            #expect(throws: PrivateFiles.Failure.self) { try directory.write("two", to: "a") }
        }
    }
}
