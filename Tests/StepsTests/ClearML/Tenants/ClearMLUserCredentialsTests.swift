import Foundation
import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLUserCredentialsTests {
    static func pair(_ name: String, _ tenant: (String, user: String), _ more: String = "") -> String {
        "\(name): clearml.credentials { user: \(tenant.user), company: \(tenant.0)\(more) }"
    }

    @Test("two steps make two pairs, labelled, sealed, and revoked one by one")
    func made() async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        let bench = try RunBench(server)
        let steps = [Self.pair("agent", tenant, ", label: agent"), Self.pair("gateway", tenant)]
        let ended = try await bench.run(steps.joined(separator: "\n"))
        #expect(ended.status == .succeeded)
        let keys = try await server.keys()
        let labels = keys.map { ($0["accessKey"]?.stringValue ?? "", $0["label"]?.stringValue) }
        #expect(
            Dictionary(uniqueKeysWithValues: labels)
                == [
                    ended.output("agent", "access_key") ?? "": "agent · runner r1/agent",
                    ended.output("gateway", "access_key") ?? "": "runner r1/gateway",
                ])
        let bytes = try bench.fileBytes()
        for key in keys {
            let secret = try #require(key["secretKey"]?.stringValue)
            for form in [secret, Data(secret.utf8).base64EncodedString()] {
                #expect(bytes.firstRange(of: Data(form.utf8)) == nil, "a secret is in the database")
            }
        }
        let one = try #require(ended.output("agent", "access_key"))
        let revoke = "revoked: clearml.credentials-revoked { user: \(tenant.user), access_keys: [\(one)] }"
        try await server.fault("auth.revoke_credentials", "lose-reply")
        #expect(try await bench.run(revoke, as: "r2").status == .succeeded)
        #expect(try await server.keys().map { $0["accessKey"]?.stringValue } == [ended.output("gateway", "access_key")])
        #expect(try await bench.run(revoke, as: "r3").steps["revoked"]?.effect == InstanceState.Effect.none)
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await server.keys().isEmpty)
    }

    @Test("those made for something are revoked by whichever run they were made, but for what is kept")
    func byLabel() async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        let bench = try RunBench(server)
        _ = try await server.client.change(
            "auth.create_credentials", ["label": "agent of mine"], as: .impersonating(user: tenant.user))
        try await bench.run(Self.pair("old", tenant, ", label: agent"))
        let new = try await bench.run(Self.pair("new", tenant, ", label: agent"), as: "r2")
        let gateway = try await bench.run(Self.pair("other", tenant, ", label: gateway"), as: "r3")
        let (kept, given) = (try #require(new.output("new", "access_key")), gateway.output("other", "access_key") ?? "")
        let revoke = """
            revoked: clearml.credentials-revoked { user: \(tenant.user), access_keys: [null, \(given), \(kept)], \
            labels: [agent], keep: [\(kept), null] }
            """
        try await server.fault("auth.revoke_credentials", "lose-reply")
        let ended = try await bench.run(revoke, as: "r4")
        #expect(ended.status == .succeeded)
        let keys = try await server.keys()
        #expect(keys.count == 2 && keys.contains { $0["label"] == "agent of mine" })
        #expect(keys.contains { $0["accessKey"] == .string(kept) })
        #expect(try await bench.run(revoke, as: "r5").steps["revoked"]?.output?["count"] == 0)
        // It is no way back, and says so.
        #expect(try await bench.rollback("r4").status == .rollbackFailed)
        let empty = try await bench.run(
            "revoked: clearml.credentials-revoked { user: \(tenant.user), access_keys: [''] }", as: "r6")
        #expect(empty.failure("revoked")?.kind == .permanent)
        #expect(try await server.keys().count == 2)
    }

    @Test(
        "a pair whose secret was lost is revoked, and made anew", arguments: ["lose-reply", "cut", "status", "garbage"])
    func orphans(kind: String) async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        let others = try await server.client.change(
            "auth.create_credentials", ["label": "mine"], as: .impersonating(user: tenant.user))
        try await server.fault("auth.create_credentials", kind, count: 2, ["status": 502])
        let bench = try RunBench(server)
        let ended = try await bench.run(Self.pair("agent", tenant))
        #expect(ended.status == .succeeded)
        let keys = try await server.keys().compactMap { $0["accessKey"]?.stringValue }
        let kept = try #require(others.data["credentials"]?["access_key"]?.stringValue)
        #expect(Set(keys) == [kept, try #require(ended.output("agent", "access_key"))])
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await server.keys().compactMap { $0["accessKey"]?.stringValue } == [kept])
    }

    @Test("a process that ends with the secret unsealed leaves no orphan")
    func interrupted() async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        let bench = try RunBench(server)
        try await bench.run(Self.pair("agent", tenant), dyingIn: "agent")
        #expect(try await server.keys().count == 1)
        let ended = try await bench.goOn()
        #expect(ended.status == .succeeded)
        #expect(try await server.keys().map { $0["accessKey"]?.stringValue } == [ended.output("agent", "access_key")])
        #expect(try await server.calls("auth.create_credentials") == 2)
    }

    @Test("a process that ends so, and is rolled back, leaves none either")
    func interruptedAndRolledBack() async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        let bench = try RunBench(server)
        try await server.fault("auth.create_credentials", "lose-reply", count: nil)
        #expect(try await bench.run(Self.pair("agent", tenant)).status != .succeeded)
        try await server.clearFaults()
        #expect(try await server.keys().count == 1)
    }

    @Test("a known pair is kept while it works, and replaced when it does not")
    func known() async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        let made = try await server.client.change("auth.create_credentials", as: .impersonating(user: tenant.user))
        let key = try #require(made.data["credentials"]?["access_key"]?.stringValue)
        let secret = try #require(made.data["credentials"]?["secret_key"]?.stringValue)
        let step = Self.pair(
            "agent", tenant, ", known_key: \"${{ secrets.pair_key }}\", known_secret: \"${{ secrets.pair_secret }}\"")
        let bench = try RunBench(server)
        let secrets = ["pair_key": key, "pair_secret": secret]
        #expect(try await bench.run(step, secrets: secrets).status == .succeeded)
        #expect(try await server.calls("auth.create_credentials") == 1)
        _ = try await server.client.change(
            "auth.revoke_credentials", ["access_key": .string(key)], as: .impersonating(user: tenant.user))
        #expect(try await bench.run(step, as: "r2", secrets: secrets).status == .succeeded)
        #expect(try await server.keys().count == 1)
        #expect(try await server.calls("auth.create_credentials") == 2)
    }

    @Test("credentials that turn out to be another company's are taken back")
    func foreign() async throws {
        let server = try await StandInServer()
        let tenant = try await server.makeTenant()
        try await server.fault("users.get_current_user", "foreign-company", count: nil)
        let failure = try #require(try await RunBench(server).run(Self.pair("agent", tenant)).failure("agent"))
        #expect(failure.kind == .permanent && failure.message.contains("ffffffffffffffffffffffffffffffff"))
        #expect(try await server.keys().isEmpty)
    }

    @Test("a user with as many as it may have is told as such")
    func limit() async throws {
        let server = try await StandInServer("--max-credentials", "1")
        let tenant = try await server.makeTenant()
        _ = try await server.client.change("auth.create_credentials", as: .impersonating(user: tenant.user))
        let failure = try #require(try await RunBench(server).run(Self.pair("agent", tenant)).failure("agent"))
        #expect(failure.message == "the user has 1 access keys and may have 1")
    }

    @Test("credentials that may not cross companies are told as such, and nothing is taken for gone")
    func boundary() async throws {
        let server = try await StandInServer("--no-system-crosses-companies")
        let tenant = (String(repeating: "a", count: 32), user: "somebody")
        let ended = try await RunBench(server).run(Self.pair("agent", tenant))
        #expect(ended.failure("agent")?.message.contains("unknown user") == true)
        #expect(ended.failure("agent")?.remedy?.contains("cross companies") == true)
    }
}
