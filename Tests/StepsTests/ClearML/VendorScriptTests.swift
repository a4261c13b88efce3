import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// The upload script runs for real, in a real Python, and says what it was given.
@Suite(.timeLimit(.minutes(10)))
struct VendorScriptTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    func run(_ code: String, _ arguments: [String], python: String = "python3") async throws -> [String] {
        try directory.write(code, to: "upload.py")
        let lines = Lines()
        let script = VendorScript(
            python: python, path: directory.file("upload.py"), arguments: arguments, environment: ["EXTRA": "yes"])
        try await script.run(
            with: ProcessRunner(environment: ProcessInfo.processInfo.environment), object: "upload.py",
            onLine: { line in await lines.add(line.text) })
        return await lines.all
    }

    actor Lines {
        var all: [String] = []
        func add(_ line: String) { all.append(line) }
    }

    @Test("the script finds its arguments, and no command line of any process shows them")
    func argumentsStayInside() async throws {
        try directory.write("def greet(): return 'from beside the script'", to: "helper.py")
        let said = try await run(
            """
            import argparse, glob, helper, os, sys
            parser = argparse.ArgumentParser()
            parser.add_argument("--password")
            parser.add_argument("-ml", action="store_true")
            options = parser.parse_args()
            print(__name__, options.password, options.ml, helper.greet(), os.environ["EXTRA"])
            print("input:", repr(sys.stdin.read()))
            seen = []
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try:
                    seen.append(options.password.encode() in open(path, "rb").read())
                except OSError:
                    pass
            print("seen:", len(seen) > 1, any(seen))
            """, ["--password", "pa$$ wörd\"'-vendor-secret", "-ml"])
        #expect(
            said == [
                "__main__ pa$$ wörd\"'-vendor-secret True from beside the script yes", "input: ''", "seen: True False",
            ])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["helper.py", "upload.py"])
    }

    @Test(
        "how it fails is told apart",
        arguments: [
            ("import no_such_module", StepError.Kind.permanent, "Python module"),
            ("def broken(:", .permanent, "cannot read the script"),
            ("import argparse; argparse.ArgumentParser().parse_args()", .permanent, "does not know its arguments"),
            ("import sys; print('503 from server', file=sys.stderr); sys.exit(1)", .transient, "503 from server"),
            ("raise RuntimeError('half way')", .transient, "half way"),
        ])
    func failures(code: String, kind: StepError.Kind, message: String) async throws {
        let error = try #require(
            await #expect(throws: StepError.self) { try await run(code, ["--password", "vendor-secret"]) })
        #expect(error.kind == kind)
        #expect(error.message.contains(message))
    }

    @Test("a Python that is not there is told by name")
    func noPython() async throws {
        let error = try #require(
            await #expect(throws: StepError.self) { try await run("", [], python: "python-of-yesterday") })
        #expect(error.kind == .permanent)
        #expect(error.message.contains("PATH"))
    }
}
