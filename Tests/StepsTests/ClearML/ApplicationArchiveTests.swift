import Foundation
import Steps
import TestSupport
import Testing
import Workflow

struct ApplicationArchiveTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.file("apps/more"), withIntermediateDirectories: true)
        try directory.write("parser.add_argument('--password')", to: "upload_apps.py")
        try directory.write("one", to: "apps/b.zip")
        try directory.write("two", to: "apps/more/a.zip")
    }

    func archive(_ options: ApplicationArchive.Options? = nil) throws -> ApplicationArchive {
        try ApplicationArchive(directory: directory.path, script: "upload_apps.py", folder: "apps", options: options)
    }

    @Test("the digest changes with any file's name or contents and the script, and with nothing else")
    func digest() throws {
        let first = try archive()
        #expect(first.files == ["b.zip", "more/a.zip"])
        #expect(try archive().digest == first.digest)
        try directory.write("ONE", to: "apps/b.zip")
        let second = try archive()
        try FileManager.default.moveItem(atPath: directory.file("apps/b.zip"), toPath: directory.file("apps/c.zip"))
        let third = try archive()
        try directory.write("parser.add_argument('--password') # 2", to: "upload_apps.py")
        #expect(Set([first.digest, second.digest, third.digest, try archive().digest]).count == 4)
    }

    @Test("the script tells how it takes credentials, unless the workflow does")
    func options() throws {
        let credentials = ClearMLCredentials(key: "K", secret: "S")
        #expect(try archive().options == .password)
        #expect(try archive(.key).options == .key)
        try directory.write("parser.add_argument(\"--secret\")", to: "upload_apps.py")
        #expect(try archive().options == .key)
        #expect(
            ApplicationArchive.Options.password.arguments(url: "U", credentials: credentials, folder: "F") == [
                "--host", "U", "--user", "K", "--password", "S", "--dir", "F", "-ml",
            ])
        #expect(
            ApplicationArchive.Options.key.arguments(url: "U", credentials: credentials, folder: "F") == [
                "--host", "U", "--key", "K", "--secret", "S", "--command", "upload", "--dir", "F", "-ml",
            ])
    }

    @Test("what is missing is named", arguments: ["upload_apps.py", "apps"])
    func missing(path: String) throws {
        try FileManager.default.removeItem(atPath: directory.file(path))
        let error = try #require(#expect(throws: StepError.self) { try archive() })
        #expect(error.kind == .permanent)
        #expect(error.object?.hasSuffix(path) == true)
    }

    @Test("an empty folder of applications is refused")
    func empty() throws {
        try FileManager.default.removeItem(atPath: directory.file("apps"))
        try FileManager.default.createDirectory(atPath: directory.file("apps/more"), withIntermediateDirectories: true)
        #expect(throws: StepError.self) { try archive() }
    }
}
