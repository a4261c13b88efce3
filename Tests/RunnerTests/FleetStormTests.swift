import Foundation
import Glibc
import Steps
import TestSupport
import Testing
import Workflow

/// A fleet under fire: the API loses and refuses replies, and the runner is killed again and again.
///
/// `RUNNER_TEST_TENANTS` and `RUNNER_TEST_FLEET_KILLS` say how many and how often.
@Suite(.timeLimit(.minutes(15)))
struct FleetStormTests {
    private static func number(_ name: String, _ otherwise: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? otherwise
    }

    @Test(
        "with lost and refused replies and a runner that is killed, each tenant is made once, and all of it is known",
        arguments: ["3.21", "3.30"])
    func storm(server: String) async throws {
        let (count, kills) = (Self.number("RUNNER_TEST_TENANTS", 40), Self.number("RUNNER_TEST_FLEET_KILLS", 5))
        // Names are not unique there, so that a company made twice would be seen.
        let site = try await StandInSite("--no-unique-company-names", "--server-version", server)
        let names = (1...count).map { "tenant-\($0)" }
        let home = try Home()
        try home.workflow("tenant-create", TenantWorkflow.text)
        // A wave for each kill and one more, so that the fleet is never done before it is killed, however slow the test is.
        func wave(_ index: Int) -> Int { index * (kills + 1) / count }
        try home.write(
            "tenants.yaml",
            "defaults: { url: '\(site.url)' }\ntenants:\n"
                + names.enumerated().map { index, name in
                    "  \(name): { email: admin@\(name).example, wave: \(wave(index)) }\n"
                }.joined())
        for (seed, kind) in ["lose-reply", "status"].enumerated() {
            try await site.control(
                "faults", "POST",
                [
                    "endpoint": "*", "kind": .string(kind), "status": 503, "probability": 0.05, "seed": .integer(seed),
                ])
        }
        func apply() throws -> RunningProgram {
            try home.startShell(
                "exec \"$runner\" fleet apply --parallel 16 --max-failures 1000 -f \"$home/tenants.yaml\" "
                    + TenantWorkflow.bindings.joined(separator: " "), environment: TenantWorkflow.environment)
        }

        // For each tenant a company with its queue, a user, two keys and two queues more.
        let whole = 7 * count
        for kill in 0..<kills {
            try home.write("open.\(kill)", "")
            let program = try apply()
            // In the middle of the wave.
            let enough = whole * (2 * kill + 1) / (2 * kills + 2)
            try await until("the fleet has come to \(enough) of \(whole)", limit: .seconds(600)) {
                try await site.made().count >= enough
            }
            program.send(SIGKILL)
            #expect(await program.result().isKilled)
        }
        try home.write("open.\(kills)", "")
        var last = try await apply().result()
        // Where every try of a step met with a fault, its run has failed, and goes on with the next apply.
        for _ in 0..<3 where last.status == 1 { last = try await apply().result() }
        try #require(last.status == 0, "\(last.output)\(last.error)")

        try await inspect(site, home, names)
        let calls = try await site.control("calls").arrayValue ?? []
        let (lost, refused) = (calls.count { $0["fault"] == "lose-reply" }, calls.count { $0["fault"] == "status" })
        #expect(lost > calls.count / 40 && refused > calls.count / 40, "there was no storm")
        print("\(count) tenants, \(kills) kills: \(calls.count) calls, \(lost) replies lost, \(refused) answered 503")

        let runs = try await home.succeed("runs", "--json", "--limit", "1000").lines
        #expect(runs.count == count, "one run a tenant")
        try await site.control("faults", "DELETE")
        try await site.control("calls", "DELETE")
        let second = try await apply().result()
        #expect(second.status == 0 && second.output == "nothing to do: all \(count) tenants are as wanted\n")
        #expect(try await home.succeed("runs", "--json", "--limit", "1000").lines == runs)
        #expect(try await site.control("calls").arrayValue?.texts("endpoint") == [], "nothing was asked of the server")
        try await home.succeed("audit", "verify")
    }

    /// Exactly one of everything, and the registry knows it.
    private func inspect(_ site: StandInSite, _ home: Home, _ names: [String]) async throws {
        let made = try await site.made()
        #expect(made.companies.texts("name").sorted() == names.sorted())
        #expect(made.users.texts("email").sorted() == names.map { "admin@\($0).example" }.sorted())
        #expect(made.queues.count == 3 * names.count)
        let tenants = try await home.succeed("tenant", "list", "--json").lines.map { try Value(json: $0) }
        #expect(tenants.texts("tenant").sorted() == names.sorted())
        #expect(Set(tenants.texts("state")) == ["active"])
        #expect(Set(tenants.texts("company")) == Set(made.companies.texts("id")))

        let starts = tenants.compactMap { $0["ports"]?["starting_port"]?.integerValue }.sorted()
        #expect(starts.count == names.count)
        for (lower, upper) in zip(starts, starts.dropFirst()) { #expect(upper - lower >= 5) }

        let known = try await registeredKeys(home)
        #expect(known.count == 2 * names.count)
        #expect(
            Dictionary(uniqueKeysWithValues: zip(made.keys.texts("accessKey"), made.keys.texts("secretKey"))) == known,
            "a key that nobody knows, or that is not there")
    }

    /// All access keys that the registry has, with their secrets.
    private func registeredKeys(_ home: Home) async throws -> [String: String] {
        let key = try #require(FileManager.default.contents(atPath: home.path + "/home/key"))
        let journal = try SQLiteJournal(path: home.database)
        defer { try? journal.close() }
        let registry = SQLiteTenantRegistry(
            journal: journal, sealer: { try Sealer(key: key) }, time: SystemTime())
        var keys: [String: String] = [:]
        for tenant in try await registry.tenants() {
            let credentials = try registry.open(tenant)
            for owner in ["agent", "gateway"] {
                let name = try #require(credentials["\(owner)_key"])
                #expect(keys[name] == nil, "two have the same key")
                keys[name] = credentials["\(owner)_secret"]
            }
        }
        return keys
    }
}
