import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ArchiveUnzipTests {
    let processes = ProcessRunner(environment: ProcessInfo.processInfo.environment)
    let directory: TemporaryDirectory
    var out: String { directory.file("out") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    func archive(_ python: String, as name: String = "archive.zip") async throws {
        let script = "import zipfile\nz = zipfile.ZipFile('\(name)', 'w')\n\(python)\nz.close()\n"
        let request = ProcessRequest("python3", ["-c", script], workingDirectory: directory.path)
        _ = try await processes.run(request).requireSuccess(of: request)
    }

    func probe(_ with: [String: Value] = [:]) throws -> StepProbe {
        try StepProbe(
            ArchiveUnzip(processes: processes),
            ["archive": .string(directory.file("archive.zip")), "to": .string(out)].merging(with) { $1 })
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }

    @Test("unpacked once, it is there; any change in the archive or in what came out is seen")
    func unpacked() async throws {
        try await archive("z.writestr('a', '1'); z.writestr('d/b', '2'); z.mkdir('empty')")
        let probe = try probe()
        #expect(try await probe.observe() == .absent(prior: ["existed": false]))
        let output = StepOutput(["path": .string(out), "files": 3])
        #expect(try await probe.apply() == output)
        #expect(try directory.read("out/d/b") == "2")
        #expect(try await probe.observe() == .present(output))
        #expect(try names() == ["archive.zip", "out", "out.origin"])
        let changes: [() throws -> Void] = [
            { try directory.write("3", to: "out/d/b") }, { try directory.write("", to: "out/more") },
            { try FileManager.default.removeItem(atPath: out + "/a") },
            { try FileManager.default.removeItem(atPath: out + "/empty") },
            { try FileManager.default.moveItem(atPath: out + "/a", toPath: out + "/b") },
            { try FileManager.default.removeItem(atPath: out + ".origin") },
            { try directory.write("no note", to: "out.origin") },
        ]
        for change in changes {
            try change()
            #expect(try await probe.differs())
            #expect(try await probe.apply() == output)
            #expect(try await probe.isPresent())
        }
        try await archive("z.writestr('a', '1')")
        #expect(try await probe.differs())
        #expect(try await probe.apply() == StepOutput(["path": .string(out), "files": 1]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["a"])
    }

    @Test("an existing folder is replaced without a question, also through a link, and beside a killed runner's rest")
    func existing() async throws {
        try await archive("z.writestr('a', 'new')")
        for folder in ["out", "elsewhere", "out.unpacking"] {
            try FileManager.default.createDirectory(atPath: directory.file(folder), withIntermediateDirectories: true)
            try directory.write("old", to: folder + "/a")
        }
        // A '/' at the end is no other folder.
        let probe = try probe(["to": .string(out + "/")])
        #expect(try await probe.prior() == ["existed": true])
        #expect(try await probe.apply().values["path"] == .string(out))
        #expect(try directory.read("out/a") == "new")
        #expect(try names() == ["archive.zip", "elsewhere", "out", "out.origin"])

        try FileManager.default.createSymbolicLink(atPath: directory.file("link"), withDestinationPath: "elsewhere")
        let link = try self.probe(["to": .string(directory.file("link"))])
        _ = try await link.apply()
        #expect(try directory.read("link/a") == "new")
        #expect(try directory.read("elsewhere/a") == "old")
    }

    @Test("an archive that must not be unpacked leaves the folder as it was")
    func refused() async throws {
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try directory.write("before", to: "out/a")
        for (python, with) in [
            ("z.writestr('good', 'x'); z.writestr('../evil', 'x')", [:]), ("z.writestr('/tmp/evil', 'x')", [:]),
            ("z.writestr('a', 'xxxxx')", ["max_bytes": 4]),
        ] as [(String, [String: Value])] {
            try await archive(python)
            let error = try await probe(with).refusalToApply()
            #expect(error.kind == .permanent && error.object == directory.file("archive.zip") && error.remedy != nil)
            #expect(try directory.read("out/a") == "before")
            #expect(try names() == ["archive.zip", "out"])
        }
    }

    @Test("an archive that is not there yet is no reason to stop looking, only to stop")
    func missing() async throws {
        let probe = try probe()
        #expect(try await probe.observe() == .absent(prior: ["existed": false]))
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        #expect(try await probe.differs())
        let error = try await probe.refusalToApply()
        #expect(error.kind == .permanent && error.message.contains("no such file"))
    }

    @Test("a folder that holds the archive, or the place the runner works in, is not one of its own")
    func notItsOwn() async throws {
        try await archive("z.writestr('a', '1')")
        try FileManager.default.createSymbolicLink(atPath: directory.file("link"), withDestinationPath: ".")
        for place in [
            directory.path, directory.path + "/", directory.file("link"), directory.file("none/.."), "/", ".",
        ] {
            let probe = try probe(["to": .string(place)])
            #expect(try await probe.refusalToObserve().kind == .permanent)
            #expect(try await probe.refusalToApply().message.contains("would go"))
        }
        #expect(try names() == ["archive.zip", "link"])
    }

    @Test("a revert removes what was not there before")
    func revert() async throws {
        try await archive("z.writestr('a', '1')")
        let probe = try probe()
        let prior = try await probe.prior()
        _ = try await probe.apply(prior: prior)
        for _ in 0..<2 { #expect(try await probe.revert(prior: prior) == []) }
        #expect(try names() == ["archive.zip"])
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        let over = try await probe.prior()
        _ = try await probe.apply(prior: over)
        #expect(try await probe.revert(prior: over).first?.contains(out) == true)
        #expect(try await probe.revert() == [])
        #expect(try directory.read("out/a") == "1")
    }
}
