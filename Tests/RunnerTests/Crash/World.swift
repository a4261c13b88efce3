import Foundation
import TestSupport
import Testing
import Workflow

/// A workflow that does a bit of everything, and the record that its steps leave outside the program: a line for each
/// effect and each undoing, written by the system in one piece.
struct World {
    /// How the run ends when all is well.
    enum Ending: String, CaseIterable { case succeeded, rolledBack }

    /// Something that a step does to the world.
    struct Effect: Hashable {
        enum Kind {
            /// Can be looked for.
            case observed
            /// May be done again.
            case repeatable
            /// Neither: where it was interrupted, somebody has to look.
            case once
        }

        var name: String
        var kind: Kind
        /// The step whose effect it is; that of the sub-run under `sub.`.
        var step: String
    }

    let home: Home
    let ending: Ending

    init(_ ending: Ending) throws {
        self.ending = ending
        home = try Home()
        try home.write("world", "")
        try home.workflow("inner", Self.inner)
        try home.workflow("life", Self.life)
    }

    /// The arguments that start the run.
    var start: [String] {
        ["run", "life", "--json", "-i", "code=\(ending == .succeeded ? 0 : 126)", "--secret", "token=env:TOKEN"]
    }

    static let token = "a-secret-of-the-run"

    var lines: [String] { (home.read("world") ?? "").split(separator: "\n").map(String.init) }

    func count(_ line: String) -> Int { lines.count { $0 == line } }

    static let effects =
        [
            Effect(name: "begin", kind: .observed, step: "begin"),
            Effect(name: "flaky", kind: .repeatable, step: "flaky"),
            Effect(name: "once", kind: .once, step: "once"),
            Effect(name: "inner", kind: .observed, step: "sub.inner"),
            Effect(name: "sealed", kind: .repeatable, step: "sealed"),
        ] + (0..<3).map { Effect(name: "each-\($0)", kind: .observed, step: "each[\($0)]") }

    private static func parameters(_ name: String, _ more: String) -> String {
        "script: \"echo apply \(name) >> HOME/world\", revert: \"echo revert \(name) >> HOME/world\", \(more)"
    }

    private static func check(_ name: String) -> String { "check: \"grep -qx 'apply \(name)' HOME/world\"" }

    private static let inner = """
        steps:
          wait: { uses: sleep, with: { duration: 20ms } }
          inner: { uses: command.run, needs: [wait], with: { \(parameters("inner", check("inner"))) } }
        """

    private static let life = """
        on_failure: rollback
        inputs: { code: { type: integer } }
        secrets: [token]
        defaults: { retry: { attempts: 100, initial: 5ms, max: 20ms } }
        steps:
          begin: { uses: command.run, with: { \(parameters("begin", check("begin"))) } }
          each:
            uses: command.run
            needs: [begin]
            for_each: [each-0, each-1, each-2]
            with: { \(parameters("${{ item }}", check("${{ item }}"))) }
          sub: { uses: workflow, needs: [begin], with: { workflow: inner.yaml } }
          flaky:
            uses: command.run
            needs: [begin]
            with:
              script: "echo apply flaky >> HOME/world; test $(grep -c 'apply flaky' HOME/world) -gt 2"
              revert: "echo revert flaky >> HOME/world"
              idempotent: true
          once: { uses: command.run, needs: [begin], with: { script: "echo apply once >> HOME/world", revert: "echo revert once >> HOME/world" } }
          pause: { uses: sleep, needs: [flaky], with: { duration: 30ms } }
          ask: { uses: approval, needs: [each, sub, pause, once], with: { message: May I } }
          told: { uses: wait.signal, needs: [ask], with: { signal: go } }
          sealed:
            uses: command.run
            needs: [told]
            with:
              script: "test ${#TOKEN} = \(token.count); echo apply sealed >> HOME/world"
              revert: "test ${#TOKEN} = \(token.count); echo revert sealed >> HOME/world"
              environment: { TOKEN: "${{ secrets.token }}" }
              idempotent: true
          last: { uses: command.run, needs: [sealed], with: { script: "exit ${{ inputs.code }}", idempotent: true } }
        """
}
