import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// Databases in bad states: a clear text, the right status, and nothing lost.
struct DatabaseTests {
    private let quick = """
        steps:
          only: { uses: command.run, with: { script: "echo only >> HOME/done", idempotent: true } }
        """

    private func filled() async throws -> Home {
        let home = try Home()
        try home.workflow("quick", quick)
        try await home.succeed("run", "quick")
        return home
    }

    private func sql(_ home: Home, _ statement: String) async throws {
        let result = try await home.shell("sqlite3 \"$home/home/runner.db\" \"\(statement)\"")
        try #require(result.status == 0, "\(result.error)")
    }

    @Test("a database that nobody uses is one file, however the programs ended")
    func oneFile() async throws {
        let home = try await filled()
        #expect(try home.kept == ["key", "runner.db"])
        for arguments in ["runs", "show last", "show nothing", "logs last", "audit verify", "resume last"] {
            _ = try await home.shell("\"$runner\" \(arguments)")
            #expect(try home.kept == ["key", "runner.db"], "after \(arguments)")
        }
    }

    @Test("only a run makes a database that was named: elsewhere the name is a slip")
    func misnamed() async throws {
        let home = try Home()
        for command in ["runs", "show last", "audit verify", "logs last"] {
            let result = try await home.shell("\"$runner\" \(command) --db \"$home/other.db\"")
            #expect(result.status == 66 && result.error.contains("there is no database"), "\(command): \(result.text)")
        }
        #expect(!FileManager.default.fileExists(atPath: home.path + "/other.db"))
    }

    @Test("a damaged file is named as such, and left as it is")
    func damaged() async throws {
        let home = try await filled()
        // Else the log beside the file may still hold the damaged page, and mend it.
        try await sql(home, "PRAGMA wal_checkpoint(TRUNCATE)")
        let file = try #require(FileHandle(forUpdatingAtPath: home.database))
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data(repeating: 0x5A, count: 4096))
        try file.close()
        let before = FileManager.default.contents(atPath: home.database)
        for arguments in [["runs"], ["run", "quick"], ["audit", "verify"], ["show", "last"]] {
            let result = try await home.shell("\"$runner\" \(arguments.joined(separator: " "))")
            #expect(result.status == 74, "\(arguments): \(result.output)")
            #expect(result.error.contains("is damaged") && result.error.contains("fix: "), "\(result.error)")
        }
        #expect(FileManager.default.contents(atPath: home.database) == before)
        #expect(home.read("done") == "only\n")
    }

    @Test("a file of a newer version is refused, and left as it is")
    func newer() async throws {
        let home = try await filled()
        try await sql(home, "PRAGMA user_version = 999")
        let result = try await home.run("run", "quick")
        #expect(result.status == 74)
        #expect(result.error.contains("was written by a newer runner (format 999, this one knows 1)"))
        try await sql(home, "PRAGMA user_version = 1")
        #expect(try await home.succeed("runs").lines.count == 1)
    }

    @Test("another program's file is refused")
    func foreign() async throws {
        let home = try Home()
        try home.workflow("quick", quick)
        let result = try await home.shell(
            "sqlite3 \"$home/other.db\" 'CREATE TABLE x(y)'; exec \"$runner\" run quick --db \"$home/other.db\"")
        #expect(result.status == 74)
        #expect(result.error.contains("is an SQLite file of another program"))
        let text = try await home.shell("seq 1 1000 > \"$home/text\"; exec \"$runner\" runs --db \"$home/text\"")
        #expect(text.status == 74)
        #expect(text.error.contains("fix: "))
    }

    @Test("--db names another database, which is made with its folder, for its owner alone")
    func other() async throws {
        let home = try Home()
        try home.workflow("quick", quick)
        let path = "\(home.path)/deep/er/my.db"
        try await home.succeed("run", "quick", "--db", path)
        #expect(try await home.succeed("runs", "--db", path).lines.count == 1)
        #expect(try await home.run("runs").status == 66)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("a folder that cannot be made is an error that says what to do")
    func noFolder() async throws {
        let home = try Home()
        try home.workflow("quick", quick)
        try home.write("file", "")
        let result = try await home.run("run", "quick", "--db", "\(home.path)/file/sub/my.db")
        #expect(result.status == 74)
        #expect(result.error.contains("fix: ") || result.error.contains("name another"), "\(result.error)")
        #expect(!result.error.contains("Error Domain"))
    }

    @Test("a changed or removed entry is found by audit verify")
    func tampered() async throws {
        let home = try await filled()
        let whole = try await home.succeed("audit", "verify")
        #expect(whole.output.contains("the history is whole"))
        let report = try Value(json: try await home.succeed("audit", "verify", "--json").output)
        let head = try #require(report["head"]?.stringValue)
        try await home.succeed("audit", "verify", "--head", head)

        try await sql(home, "UPDATE journal SET events = replace(events, '@', ' at ') WHERE sequence = 1")
        let changed = try await home.run("audit", "verify")
        #expect(changed.status == 74)
        #expect(changed.output.contains("fault: entry 1 was changed"))

        let cut = try await filled()
        let noted =
            try Value(json: try await cut.succeed("audit", "verify", "--json").output)["head"]?.stringValue ?? ""
        try await sql(cut, "DELETE FROM journal WHERE sequence = (SELECT max(sequence) FROM journal)")
        let shorter = try await cut.run("audit", "verify", "--head", noted)
        #expect(shorter.status == 74)
        #expect(shorter.output.contains("the noted head"))
    }

    @Test("on a full disk the run stops with a clear text, and goes on once there is room", .enabled(if: Home.mayMount))
    func full() async throws {
        let home = try Home()
        try home.workflow(
            "long",
            """
            inputs: { names: { type: array, items: any, default: [] } }
            steps:
              one: { uses: command.run, with: { script: "echo one >> HOME/done; if test -d HOME/small/filler || test ! -e HOME/full; then dd if=/dev/zero of=HOME/small/filler bs=4k 2>/dev/null || true; fi", idempotent: true } }
              two: { uses: command.run, needs: [one], with: { script: "yes 0123456789012345678901234567890123456789 | head -n 20000", idempotent: true } }
              three: { uses: command.run, needs: [two], with: { script: "echo three >> HOME/done", idempotent: true } }
            """)
        let result = try await home.shell(
            """
            exec unshare -m bash -uc '
                mkdir -p "$home/small" "$home/home"
                mount -t tmpfs -o size=32m none "$home/small" || exit 99
                "$runner" run long --db "$home/small/my.db" >"$home/out" 2>"$home/err"; echo $? >"$home/status"
                rm "$home/small/filler"; touch "$home/full"
                "$runner" resume last --db "$home/small/my.db" && "$runner" audit verify --db "$home/small/my.db"
            '
            """)
        #expect(home.read("status") == "74\n", "\(home.read("out") ?? "") \(home.read("err") ?? "")")
        #expect(home.read("err")?.contains("the disk is full") == true, "\(home.read("err") ?? "")")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("the history is whole"))
        #expect(home.read("done")?.hasSuffix("three\n") == true)
    }
}
