import Foundation
import TestSupport
import Testing

/// A database in a place that cannot be written, by a real mount.
@Suite(.enabled(if: Home.mayMount)) struct ReadOnlyTests {
    private let workflow = """
        steps:
          one: { uses: command.run, with: { script: "echo one >> HOME/done", idempotent: true } }
          two: { uses: command.run, needs: [one], with: { script: "touch HOME/began; until test -e HOME/go; do sleep 0.05; done; echo two >> HOME/done", idempotent: true } }
        """

    @Test("nothing is done there, a clear text says what to do, and with the right to write the run goes on")
    func mounted() async throws {
        let home = try Home()
        try home.workflow("two", workflow)
        let owner = try home.start("run", "two")
        try await home.file("began")
        owner.send(SIGKILL)
        _ = await owner.result()
        try home.write("go", "")
        // A log is left beside the file now; after the resume there is none.
        for verbs in ["resume last:cancel last:run two", "run two:runs:show last:audit verify"] {
            let result = try await home.shell(
                """
                exec unshare -m bash -uc '
                    mount --bind "$home/home" "$home/home" && mount -o remount,bind,ro "$home/home" || exit 99
                    IFS=:
                    for verb in $1; do IFS=" "; "$runner" $verb; echo "ends with $?"; done
                ' - '\(verbs)'
                """)
            let count = verbs.split(separator: ":").count
            #expect(result.lines == Array(repeating: "ends with 74", count: count), "\(result.text)")
            #expect(result.error.components(separatedBy: "fix: give this user write access").count == count + 1)
            #expect(result.error.contains("runner.db"))
            if verbs.hasPrefix("resume") { try await home.succeed("resume", "last") }
        }
        #expect(home.read("done") == "one\ntwo\n")
        try await home.succeed("audit", "verify")
    }
}
