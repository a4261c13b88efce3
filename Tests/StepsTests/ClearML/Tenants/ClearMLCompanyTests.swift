import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLCompanyTests {
    static let acme = "company: clearml.company { name: acme }"

    @Test("it is made once; with its id it is taken over, and not undone by who took it over")
    func made() async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let bench = try RunBench(server)
        let first = try await bench.run(Self.acme)
        #expect(first.status == .succeeded)
        let tenants = try await server.tenants()
        #expect(tenants.map { $0["name"] } == ["acme"])
        let id = try #require(first.output("company", "id"))
        #expect(tenants.first?["id"] == .string(id))

        let known = "company: clearml.company { name: acme, id: \(id) }"
        let second = try await bench.run(known, as: "r2")
        #expect(second.status == .succeeded && second.output("company", "id") == id)
        #expect(try await server.calls("system.create_company") == 1)
        #expect(try await bench.rollback("r2").status == .rolledBack)
        #expect(try await server.tenants().count == 1)
    }

    @Test(
        "what goes wrong on the way makes no second one",
        arguments: ["lose-reply", "cut", "status", "garbage", "failure"],
        ["--unique-company-names", "--no-unique-company-names"])
    func faults(kind: String, names: String) async throws {
        let server = try await StandInServer(names)
        try await server.fault("system.create_company", kind, ["status": 503])
        // The look that follows meets the same proxy.
        try await server.fault("system.get_companies", "status", count: 1, ["status": 502, "after": 1])
        let ended = try await RunBench(server).run(Self.acme)
        #expect(ended.status == .succeeded)
        let tenants = try await server.tenants()
        #expect(tenants.count == 1)
        #expect(tenants.first?["id"]?.stringValue == ended.output("company", "id"))
    }

    @Test("a process that ends after the effect finds it again, and can undo it")
    func interrupted() async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let bench = try RunBench(server)
        try await bench.run(Self.acme, dyingIn: "company")
        let ended = try await bench.goOn()
        #expect(ended.status == .succeeded)
        #expect(ended.steps["company"]?.attempts == 2)
        #expect(ended.steps["company"]?.effect == .certain)
        #expect(try await server.tenants().count == 1)
        #expect(try await server.calls("system.create_company") == 1)
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await server.tenants().isEmpty)
    }

    @Test("a stranger's company is left alone, however often it is tried")
    func stranger() async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let (id, _) = try await server.makeTenant()
        let bench = try RunBench(server)
        for ended in [try await bench.run(Self.acme), try await bench.resume()] {
            #expect(ended.status == .failed)
            let failure = try #require(ended.failure("company"))
            #expect(failure.kind == .conflict && failure.object == "company acme (\(id))")
        }
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await server.tenants().count == 1)
        #expect(try await server.calls("system.create_company") == 1)
    }

    @Test("one that comes in between is a stranger's, also later")
    func race() async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let bench = try RunBench(server)
        // The call is on its way, after a look that found nothing.
        try await server.fault("system.create_company", "delay", ["delayMilliseconds": 3000])
        async let ended = bench.run(Self.acme)
        var calls = 0
        while calls == 0 { calls = try await server.calls("system.create_company") }
        _ = try await server.makeTenant()
        #expect(try await ended.failure("company")?.kind == .conflict)
        #expect(try await bench.resume().failure("company")?.kind == .conflict)
        let rolledBack = try await bench.rollback()
        #expect(rolledBack.status == .rolledBack)
        #expect(rolledBack.left("company").first?.contains("not known to be of this run") == true)
        #expect(try await server.tenants().count == 1)
    }

    @Test("two of one name stop it; the id of one goes on")
    func two() async throws {
        let server = try await StandInServer("--no-unique-company-names")
        let (one, _) = try await server.makeTenant(email: "a@acme.org")
        let (other, _) = try await server.makeTenant(email: "b@acme.org")
        let bench = try RunBench(server)
        let failure = try #require(try await bench.run(Self.acme).failure("company"))
        #expect(failure.kind == .conflict)
        #expect(failure.message.contains(one) && failure.message.contains(other))
        let known = try await bench.run("company: clearml.company { name: acme, id: \(other) }", as: "r2")
        #expect(known.output("company", "id") == other)
        #expect(try await server.tenants().count == 2)
    }

    @Test(
        "the server's own company is never a tenant",
        arguments: ["name: ClearML", "name: ClearML, id: d1bd92a3b039400cbafc60a7a5b1e52b"])
    func own(with: String) async throws {
        let server = try await StandInServer()
        let ended = try await RunBench(server).run("company: clearml.company { \(with) }")
        #expect(ended.failure("company")?.message.contains("the server's own company") == true)
    }

    @Test("an id that fits no company, or another one, stops it")
    func wrongID() async throws {
        let server = try await StandInServer()
        let (id, _) = try await server.makeTenant("other")
        let bench = try RunBench(server)
        let other = try await bench.run("company: clearml.company { name: acme, id: \(id) }")
        #expect(other.failure("company")?.message.contains("called 'other'") == true)
        let none = String(repeating: "a", count: 32)
        let missing = try await bench.run("company: clearml.company { name: acme, id: \(none) }", as: "r2")
        #expect(missing.failure("company")?.message.contains("no such company") == true)
        #expect(try await server.tenants().count == 1)
    }

    @Test("credentials of another role, and wrong ones, are told as such")
    func credentials() async throws {
        let server = try await StandInServer()
        let bench = try RunBench(server)
        let role = try #require(
            try await bench.run(Self.acme, credentials: StandInServer.stranger).failure("company"))
        #expect(role.kind == .permanent && role.message.contains("403/20") && role.remedy?.contains("role") == true)
        let wrong = ClearMLCredentials(key: StandInServer.supervisor.key, secret: "a-wrong-secret")
        let refused = try #require(try await bench.run(Self.acme, as: "r2", credentials: wrong).failure("company"))
        #expect(refused.kind == .permanent && refused.message.contains("401/22"))
        #expect(!"\(refused)".contains("a-wrong-secret"))
    }

    @Test("with a token, the secret is sent once for many calls, and again once the token has ended")
    func token() async throws {
        let server = try await StandInServer()
        let bench = try RunBench(server)
        let steps = """
            company: clearml.company { name: acme, login: token }
            other: clearml.company { name: "other ${{ steps.company.name }}", login: token }
            """
        #expect(try await bench.run(steps).status == .succeeded)
        #expect(try await server.calls("auth.login") == 1)
        _ = try await server.client.change("auth.logout")
        let third = try await bench.run("third: clearml.company { name: third, login: token }", as: "r2")
        #expect(third.status == .succeeded)
        #expect(try await server.calls("auth.login") == 2)
    }

    @Test("an older server without its pods named keeps the company, and that is said")
    func olderServer() async throws {
        let server = try await StandInServer("--server-version", "3.21")
        let bench = try RunBench(server)
        let id = try #require(try await bench.run(Self.acme).output("company", "id"))
        let ended = try await bench.rollback()
        #expect(ended.status == .rolledBack)
        #expect(ended.left("company").first?.contains("company acme (\(id)) stays") == true)
        #expect(try await server.tenants().count == 1)
    }

    @Test("an older server deletes it by the jobs in its pods")
    func jobs() async throws {
        let server = try await StandInServer("--server-version", "3.21")
        let folder = try TemporaryDirectory()
        try folder.write(
            """
            #!/bin/sh
            echo "$*" >>\(folder.file("calls"))
            case "$*" in *cleanup_deleted_companies*) ;; *) exit 0 ;; esac
            while [ "$1" != --ids ]; do shift; done
            curl -sS --fail -X POST \(server.url)/_sandbox/companies/$2/remove
            """, to: "text")
        // By another process: a file that this one has open, however shortly, cannot be executed.
        let copied = try await Program("install").run(["-m", "755", folder.file("text"), folder.file("kubectl")])
        #expect(copied.status == 0)
        let bench = try RunBench(server, kubectl: folder.file("kubectl"))
        let pods = "pods: { apiserver: deployment/api, fileserver: deployment/files }"
        let id = try #require(
            try await bench.run("company: clearml.company { name: acme, \(pods) }").output("company", "id"))
        let ended = try await bench.rollback()
        #expect(ended.status == .rolledBack && ended.left("company").isEmpty)
        #expect(try await server.tenants().isEmpty)
        let job =
            "exec deployment/api --namespace clearml --container clearml-apiserver -- env "
            + "PYTHONPATH=../trains-server-repo python3 -m jobs.management."
        #expect(
            try folder.read("calls").split(separator: "\n") == [
                "\(job)delete_company_data_from_mongo --id \(id) --delete-user",
                "\(job)cleanup_deleted_companies --ids \(id) --delete-company",
                "exec deployment/files --namespace clearml --container clearml-fileserver -- rm -rf /mnt/fileserver/\(id)",
            ])
    }
}
