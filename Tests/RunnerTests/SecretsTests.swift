import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// That no secret is where somebody may read it who must not.
struct SecretsTests {
    private static let token = "t0ken/with+odd=\"chars\" & 'quotes'"

    private static let link = "l1nk-T0ken_4711"

    /// Says its secret in every way that it can.
    private static let telling = """
        inputs: { url: string }
        secrets: [token, link]
        defaults: { retry: { attempts: 1 } }
        steps:
          tell:
            uses: command.run
            with:
              environment: { TOKEN: "${{ secrets.token }}" }
              idempotent: true
              script: |
                printf '%s\\n' "$TOKEN"
                printf '%s' "<$TOKEN>" | base64
                printf '%s' "$TOKEN" | od -An -v -tx1 | tr -d ' \\n'; echo
                python3 -c 'import json, os, urllib.parse as u; t = os.environ["TOKEN"]; print(json.dumps([t]), u.quote(t, safe=""), u.quote_plus(t))'
                printf '%s\\n' "$TOKEN" >&2
                touch HOME/told
                while ! test -e HOME/go; do sleep 0.05; done
          ask:
            uses: http.request
            needs: [tell]
            with:
              url: "${{ inputs.url }}/_sandbox/nothing/${{ secrets.link }}"
              headers: { Authorization: "Bearer ${{ secrets.token }}" }
        """

    @Test("a run that says its secrets in every way, fails, and is killed, leaves them in no file and no text")
    func telling() async throws {
        let site = try await StandInSite()
        let home = try Home()
        try home.workflow("telling", Self.telling)
        let hunt = SecretHunt([Self.token, Self.link])
        let bindings = ["-i", "url=\(site.url)", "--secret", "token=env:TOKEN", "--secret", "link=env:LINK"]
        let environment = ["TOKEN": Self.token, "LINK": Self.link]
        func start(_ command: String) throws -> RunningProgram {
            try home.startShell("exec \"$runner\" \(command)", environment: environment)
        }
        let killed = try start("run telling \(bindings.joined(separator: " "))")
        let seen = Task { await ProcessWatch.arguments(under: killed.pid) }
        try await home.file("told")
        // With the log of the database as it is in the middle of a run.
        #expect(hunt.found(inFilesOf: home.path, besides: ["home/key"]) == [])
        killed.send(SIGKILL)
        #expect(hunt.found(in: await killed.result().text) == [])
        #expect(hunt.found(inFilesOf: home.path, besides: ["home/key"]) == [])

        try home.write("go", "")
        let failed = try await home.run("resume", "last")
        #expect(failed.status == 1 && failed.output.contains("ask: "), "\(failed.text)")
        let texts = [failed.text] + (await seen.value)
        #expect(hunt.found(in: texts.joined(separator: "\n")) == [])
        #expect(await seen.value.contains { $0.contains("telling") })
        try await check(home, hunt)
        #expect(try await home.succeed("logs", "last", "tell").output.contains("***"))
    }

    @Test("tenants that are made leave neither the server's secrets nor their own in files, texts or arguments")
    func tenants() async throws {
        let site = try await StandInSite()
        let home = try Home()
        try home.workflow("tenant-create", TenantWorkflow.text)
        try home.write(
            "tenants.yaml", "defaults: { url: '\(site.url)' }\ntenants:\n  acme: { email: a@acme.example }\n")
        // A lost reply makes the runner look again, and revoke what it finds.
        for call in ["system.create_company", "auth.create_user", "auth.create_credentials"] {
            try await site.control(
                "faults", "POST", ["endpoint": .string(call), "kind": "lose-reply", "count": 1])
        }
        let apply = try home.startShell(
            "exec \"$runner\" fleet apply -f \"$home/tenants.yaml\" \(TenantWorkflow.bindings.joined(separator: " "))",
            environment: TenantWorkflow.environment)
        let seen = Task { await ProcessWatch.arguments(under: apply.pid) }
        let applied = await apply.result()
        #expect(applied.status == 0, "\(applied.text)")
        let json = try await home.run(
            "tenant", "create", "beta", "--json", "-i", "url=\(site.url)", "-i", "email=b@beta.example", "--secret",
            "key=env:KEY", "--secret", "secret=env:SECRET", environment: TenantWorkflow.environment)
        #expect(json.status == 0, "\(json.text)")

        let keys = try await site.made().keys
        #expect(keys.count == 4)
        let hunt = SecretHunt([StandInSite.secret] + keys.texts("secretKey"))
        #expect(hunt.found(in: applied.text + json.text) == [])
        #expect(hunt.found(in: await seen.value.joined(separator: "\n")) == [])
        try await check(home, hunt)
        #expect(hunt.found(in: try await home.succeed("tenant", "show", "acme").output) == [])
        let drift = try await home.run("drift")
        #expect(hunt.found(in: drift.text) == [])
        let back = try await home.succeed("rollback", "last")
        #expect(hunt.found(in: back.text) == [])
        try await check(home, hunt)
    }

    /// The runner's files, and all that it tells about the last run.
    private func check(_ home: Home, _ hunt: SecretHunt) async throws {
        #expect(hunt.found(inFilesOf: home.path, besides: ["home/key"]) == [])
        for look in [["show", "last"], ["show", "last", "--json"], ["logs", "last"], ["audit", "log", "last"]] {
            let script = "exec \"$runner\" \(look.joined(separator: " "))"
            let result = try await home.shell(script)
            #expect(result.status == 0 && hunt.found(in: result.text) == [], "\(look)")
        }
    }

    @Test("the hunt finds what is there, in each form")
    func hunt() throws {
        let hunt = SecretHunt([Self.token])
        let data = Data(("ab" + Self.token + "c").utf8)
        #expect(hunt.found(in: "x\(Self.token)y").contains("secret 1, as it is"))
        #expect(hunt.found(in: data.base64EncodedString()) == ["secret 1, base64"])
        #expect(hunt.found(in: data.dropFirst(1).base64EncodedString()) == ["secret 1, base64"])
        #expect(hunt.found(in: data.dropFirst(2).base64EncodedString()) == ["secret 1, base64"])
        #expect(hunt.found(in: data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()) == ["secret 1, hex"])
        #expect(hunt.found(in: Value.array([.string(Self.token)]).canonicalJSON) == ["secret 1, JSON"])
        let encoded = try #require(Self.token.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        #expect(hunt.found(in: "?a=\(encoded)") == ["secret 1, URL"])
        #expect(hunt.found(in: "nothing of it") == [])
    }
}
