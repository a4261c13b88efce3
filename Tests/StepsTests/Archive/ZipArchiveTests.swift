import Foundation
import Glibc
import Steps
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ZipArchiveTests {
    let processes = ProcessRunner(environment: ProcessInfo.processInfo.environment)
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// Makes `archive.zip` with Python's `zipfile`, which puts in whatever it is told to.
    func archive(_ python: String) async throws -> String {
        let script =
            "import zipfile, stat\nz = zipfile.ZipFile('archive.zip', 'w', zipfile.ZIP_DEFLATED)\n\(python)\nz.close()\n"
        let request = ProcessRequest("python3", ["-c", script], workingDirectory: directory.path)
        _ = try await processes.run(request).requireSuccess(of: request)
        return directory.file("archive.zip")
    }

    func extract(_ archive: String, limits: ZipArchive.Limits = .init()) async throws(ZipFailure) {
        try await ZipArchive(path: archive, limits: limits, processes: processes).extract(to: directory.file("out"))
    }

    func refusal(of archive: String, limits: ZipArchive.Limits = .init()) async throws -> ZipFailure {
        try directory.write("before", to: "out")
        let failure = try #require(
            await #expect(throws: ZipFailure.self) { try await extract(archive, limits: limits) })
        #expect(try directory.read("out") == "before")
        #expect(!FileManager.default.fileExists(atPath: directory.file("out.unpacking")))
        return failure
    }

    @Test("names of all kinds come out as they went in")
    func extracted() async throws {
        let names = ["plain.txt", "d/e/f.txt", " lead and trail ", "ünï€.txt", "-o", "*[a]?", "new^Jline"]
        let path = try await archive(
            "for n in [\(names.map { "'\($0)'" }.joined(separator: ","))]: z.writestr(n, 'is ' + n)\nz.mkdir('empty')")
        try await extract(path)
        for name in names { #expect(try directory.read("out/" + name) == "is " + name) }
        let entries = try await ZipArchive(path: path, processes: processes).entries()
        #expect(entries.map(\.name) == names + ["empty/"])
        #expect(entries[0].bytes == 12)
    }

    @Test("what was there is replaced as a whole, and what a killed runner left is no hindrance")
    func replaced() async throws {
        try FileManager.default.createDirectory(
            atPath: directory.file("out.unpacking/x"), withIntermediateDirectories: true)
        try await extract(archive("z.writestr('one', '1'); z.writestr('both', '1')"))
        try await extract(archive("z.writestr('two', '2'); z.writestr('both', '2')"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("out")).sorted() == ["both", "two"])
        #expect(try directory.read("out/both") == "2")
        #expect(!FileManager.default.fileExists(atPath: directory.file("out.unpacking")))
    }

    @Test(
        "an archive that reaches out of its directory is refused, before anything is written",
        arguments: [
            ("z.writestr('../evil', 'x')", "leads out"), ("z.writestr('a/../../evil', 'x')", "leads out"),
            ("z.writestr('/tmp/evil', 'x')", "absolute"), ("z.writestr('a\\\\\\\\b', 'x')", "backslash"),
            (
                "i = zipfile.ZipInfo('link'); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16; "
                    + "z.writestr(i, '/etc')", "symbolic link"
            ),
            (
                "i = zipfile.ZipInfo('pipe'); i.create_system = 3; i.external_attr = (stat.S_IFIFO | 0o777) << 16; "
                    + "z.writestr(i, '')", "neither file nor directory"
            ),
        ])
    func unsafe(python: String, reason: String) async throws {
        let failure = try await refusal(of: archive("z.writestr('good', 'x')\n" + python))
        guard case .unsafe = failure.kind else { throw failure }
        #expect(failure.message.contains(reason))
    }

    @Test("too much is refused: in all, in one file, in number")
    func tooLarge() async throws {
        let path = try await archive("z.writestr('a', 'x' * 600_000); z.writestr('b', 'x' * 600_000)")
        for limits in [ZipArchive.Limits(totalBytes: 1_000_000), .init(totalBytes: 500_000), .init(entries: 1)] {
            guard case .tooLarge = try await refusal(of: path, limits: limits).kind else { throw Unexpected() }
        }
        try FileManager.default.removeItem(atPath: directory.file("out"))
        try await extract(path, limits: .init(totalBytes: 1_200_000, entries: 2))
    }

    @Test("a size that lies about what comes out does no harm")
    func lyingSize() async throws {
        // The uncompressed size of 'bomb' is overwritten, in both of its headers, with 5.
        let path = try await archive("z.writestr('bomb', 'x' * 5_000_000)")
        var bytes = try Array(Data(contentsOf: URL(filePath: path)))
        let size = withUnsafeBytes(of: UInt32(5_000_000).littleEndian) { Array($0) }
        while let found = bytes.firstRange(of: size) { bytes.replaceSubrange(found, with: [5, 0, 0, 0]) }
        try Data(bytes).write(to: URL(filePath: path))
        let failure = try await refusal(of: path, limits: .init(totalBytes: 1_000_000))
        #expect(failure.description.contains("fix:"))
    }

    @Test("what is no archive, half of one, or needs a password, is said to be that")
    func damaged() async throws {
        let path = try await archive("z.writestr('a', bytes(range(256)) * 4000, zipfile.ZIP_STORED)")
        let whole = try Data(contentsOf: URL(filePath: path))
        for part in [Data("<html>not found</html>".utf8), Data(), whole.prefix(500_000)] {
            try part.write(to: URL(filePath: directory.file("part.zip")))
            guard case .damaged = try await refusal(of: directory.file("part.zip")).kind else { throw Unexpected() }
        }
        var flipped = whole
        flipped[100_000] ^= 1
        try flipped.write(to: URL(filePath: directory.file("flipped.zip")))
        guard case .damaged = try await refusal(of: directory.file("flipped.zip")).kind else { throw Unexpected() }
        guard case .notFound = try await refusal(of: directory.file("none.zip")).kind else { throw Unexpected() }

        try directory.write("secret", to: "plain")
        let zip = ProcessRequest("zip", ["-q", "-P", "pw", "locked.zip", "plain"], workingDirectory: directory.path)
        _ = try await processes.run(zip).requireSuccess(of: zip)
        let locked = try await refusal(of: directory.file("locked.zip"))
        #expect(locked.message.contains("encrypted"))
    }

    @Test("without unzip, the failure says what to install")
    func noProgram() async throws {
        let archive = ZipArchive(
            path: try await archive("z.writestr('a', 'b')"), processes: ProcessRunner(environment: ["PATH": "/nowhere"])
        )
        let failure = await #expect(throws: ZipFailure.self) { try await archive.extract(to: directory.file("out")) }
        #expect(failure?.description.contains("apt install unzip") == true)
    }

    struct Unexpected: Error {}
}
