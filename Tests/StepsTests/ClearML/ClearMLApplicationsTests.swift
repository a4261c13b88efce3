import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(20)))
struct ClearMLApplicationsTests {
    /// A server whose database is as old as the test says.
    final class Server: Sendable {
        private final class Age: Sendable { let created = Locked("2026-01-01T00:00:00Z") }
        private let age: Age
        private let server: ScriptedServer

        init() throws {
            let age = Age()
            self.age = age
            server = try ScriptedServer { connection in
                while connection.receive() != nil {
                    let created = age.created.with { $0 }
                    connection.reply(body: ClearMLReply.supervisor.replacing("2026-01-01T00:00:00Z", with: created))
                }
            }
        }

        var url: String { server.url }
        func reinstall() { age.created.with { $0 = "2026-02-02T00:00:00Z" } }
    }

    @Test("an upload leaves a receipt; another archive, or a server made anew, is uploaded to again")
    func receipt() async throws {
        try await TestCluster.withNamespace { namespace in
            let directory = try TemporaryDirectory()
            try FileManager.default.createDirectory(atPath: directory.file("apps"), withIntermediateDirectories: true)
            try directory.write("one", to: "apps/one.zip")
            try directory.write(
                """
                import sys
                with open("\(directory.file("calls"))", "a") as calls: print(*sys.argv[1:], file=calls)
                """, to: "upload_apps.py")
            let server = try Server()
            let step = try StepUnderTest(ClearMLApplications(TestCluster.access(), .forTests()))
            let input: [String: Value] = [
                "url": .string(server.url), "key": "KEY", "secret": "SECRET", "namespace": .string(namespace),
                "directory": .string(directory.path),
            ]
            let (output, prior) = try await step.run(input)
            #expect(output.values["files"] == ["one.zip"])
            #expect(
                try directory.read("calls")
                    == "--host \(server.url) --user KEY --password SECRET --dir \(directory.file("apps")) -ml\n")
            #expect(try await step.observe(input) == .present(output))

            server.reinstall()
            #expect(try await step.observe(input).isAbsent)
            _ = try await step.apply(input, prior: prior)
            #expect(try await step.observe(input).isPresent)
            try directory.write("two", to: "apps/one.zip")
            #expect(try await step.observe(input).changes.count == 1)

            let left = try await step.revert(input, prior: prior)
            #expect(left.count == 1 && left.first?.contains("stay as long as the server does") == true)
            #expect(try await step.observe(input).isAbsent)
        }
    }

    @Test("an upload that fails leaves no receipt")
    func failure() async throws {
        try await TestCluster.withNamespace { namespace in
            let directory = try TemporaryDirectory()
            try FileManager.default.createDirectory(atPath: directory.file("apps"), withIntermediateDirectories: true)
            try directory.write("one", to: "apps/one.zip")
            try directory.write("import sys; sys.exit(3)", to: "upload_apps.py")
            let server = try Server()
            let step = try StepUnderTest(ClearMLApplications(TestCluster.access(), .forTests()))
            let input: [String: Value] = [
                "url": .string(server.url), "key": "KEY", "secret": "SECRET", "namespace": .string(namespace),
                "directory": .string(directory.path),
            ]
            await #expect(throws: StepError.self) { try await step.run(input) }
            #expect(try await step.observe(input).isAbsent)
        }
    }
}
