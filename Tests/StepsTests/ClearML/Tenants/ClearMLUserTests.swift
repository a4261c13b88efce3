import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLUserTests {
    static func ada(_ company: String, role: String = "admin", email: String = "new@acme.org") -> String {
        "user: clearml.user { company: \(company), name: Ada, email: \(email), role: \(role) }"
    }

    static func withEmail(_ email: String, on server: StandInServer) async throws -> [Value] {
        try await server.people().filter { $0["email"] == .string(email) }
    }

    @Test("a user is made once, found again, and removed with both halves")
    func made() async throws {
        let server = try await StandInServer()
        let (company, _) = try await server.makeTenant()
        let bench = try RunBench(server)
        let ended = try await bench.run(Self.ada(company))
        #expect(ended.status == .succeeded)
        let users = try await Self.withEmail("new@acme.org", on: server)
        #expect(users.count == 1 && users.first?["role"] == "admin")
        #expect(users.first?["id"]?.stringValue == ended.output("user", "id"))
        let second = try await bench.run(Self.ada(company), as: "r2")
        #expect(second.status == .succeeded && second.output("user", "id") == ended.output("user", "id"))
        #expect(try await bench.rollback("r2").status == .rolledBack)
        #expect(try await Self.withEmail("new@acme.org", on: server).count == 1)
        #expect(try await bench.rollback("r1").status == .rolledBack)
        #expect(try await Self.withEmail("new@acme.org", on: server).isEmpty)
        // The address is free.
        #expect(try await bench.run(Self.ada(company), as: "r3").status == .succeeded)
    }

    @Test("one that must exist is found, and never made")
    func mustExist() async throws {
        let server = try await StandInServer()
        let (company, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        func step(_ email: String) -> String {
            "user: clearml.user { company: \(company), name: Ada, email: \(email), role: admin, must_exist: true }"
        }
        #expect(try await bench.run(step("ada@acme.org")).output("user", "id") == user)
        let ended = try await bench.run(step("new@acme.org"), as: "r2")
        #expect(ended.failure("user")?.message.contains("no such user") == true)
        #expect(try await Self.withEmail("new@acme.org", on: server).isEmpty)
    }

    @Test("what goes wrong on the way makes no second one", arguments: ["lose-reply", "cut", "status", "failure"])
    func faults(kind: String) async throws {
        let server = try await StandInServer()
        let (company, _) = try await server.makeTenant()
        try await server.fault("auth.create_user", kind, ["status": 503])
        let bench = try RunBench(server)
        #expect(try await bench.run(Self.ada(company)).status == .succeeded)
        #expect(try await Self.withEmail("new@acme.org", on: server).count == 1)
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await Self.withEmail("new@acme.org", on: server).isEmpty)
    }

    @Test("a process that ends after the effect finds it again, and can undo it")
    func interrupted() async throws {
        let server = try await StandInServer()
        let (company, _) = try await server.makeTenant()
        let bench = try RunBench(server)
        try await bench.run(Self.ada(company), dyingIn: "user")
        #expect(try await bench.goOn().steps["user"]?.output?["created"] == true)
        #expect(try await server.calls("auth.create_user") == 2, "the tenant's own, and this one")
        try await server.fault("auth.delete_user", "lose-reply")
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await Self.withEmail("new@acme.org", on: server).isEmpty)
    }

    @Test("an address of another company's user stops it, and that user stays")
    func elsewhere() async throws {
        let server = try await StandInServer()
        let (company, _) = try await server.makeTenant()
        let (other, user) = try await server.makeTenant("other", email: "new@acme.org")
        let bench = try RunBench(server)
        let failure = try #require(try await bench.run(Self.ada(company)).failure("user"))
        #expect(failure.kind == .conflict && failure.message.contains(other) && failure.message.contains(user))
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await Self.withEmail("new@acme.org", on: server).count == 1)
    }

    @Test("half a user, whose address is taken, is made whole")
    func half() async throws {
        let server = try await StandInServer()
        let (company, user) = try await server.makeTenant(email: "new@acme.org")
        _ = try await server.client.change("users.delete", ["user": .string(user)])
        let ended = try await RunBench(server).run(Self.ada(company))
        #expect(ended.status == .succeeded)
        let users = try await Self.withEmail("new@acme.org", on: server)
        #expect(users.count == 1 && users.first?["isListed"] == true && users.first?["canSignIn"] == true)
    }

    @Test("a user of the company that is there gets the role, and the old one back")
    func role() async throws {
        let server = try await StandInServer()
        let (company, user) = try await server.makeTenant(email: "new@acme.org")
        let bench = try RunBench(server)
        try await server.fault("auth.edit_user", "lose-reply")
        let ended = try await bench.run(Self.ada(company, role: "superuser"))
        #expect(ended.output("user", "id") == user && ended.steps["user"]?.output?["created"] == false)
        #expect(try await server.people().map { $0["role"] } == ["superuser"])
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await server.people().map { $0["role"] } == ["admin"])
    }

    @Test("a company that is not there is refused as such")
    func noCompany() async throws {
        let server = try await StandInServer()
        let ended = try await RunBench(server).run(Self.ada(String(repeating: "a", count: 32)))
        #expect(ended.failure("user")?.message.contains("Invalid object id: company=") == true)
    }

    @Test("a server that cannot be asked for an address leaves a lost reply to the operator")
    func noLookUp() async throws {
        let unknown = ClearMLReply.body(404, 0, "Unable to find endpoint")
        let server = try ScriptedServer { connection in
            while connection.receive() != nil { connection.reply("404 Not Found", body: unknown) }
        }
        let kind = ClearMLUser(try .forTests())
        let input = StepInput([
            "url": .string(server.url), "key": "K", "secret": "S", "company": "c", "email": "a@b.org", "role": "admin",
        ])
        func observe(_ history: StepHistory) async throws -> Observation {
            try await kind.observe(
                input, StepContext(run: "r", step: "s", attempt: 2, dataDirectory: "/", history: history) { _, _ in })
        }
        #expect(try await observe(StepHistory()).isAbsent)
        guard case .unknown = try await observe(StepHistory(isInDoubt: true)) else {
            Issue.record("it cannot be known")
            return
        }
    }

    @Test("a record that cannot be read makes nobody this run's own user")
    func unreadableRecord() async throws {
        let server = try await StandInServer()
        let (company, _) = try await server.makeTenant()
        let input = StepInput([
            "url": .string(server.url), "key": .string(StandInServer.supervisor.key),
            "secret": .string(StandInServer.supervisor.secret), "company": .string(company), "name": "Ada",
            "email": "ada@acme.org", "role": "admin", "must_exist": false,
        ])
        let history = StepHistory(prior: "no record", isInDoubt: true)
        let context = StepContext(run: "r", step: "s", attempt: 2, dataDirectory: "/", history: history) { _, _ in }
        await #expect(throws: DecodingError.self) {
            try await ClearMLUser(try .forTests()).observe(input, context)
        }
    }
}
