import Steps
import Testing
import Workflow

struct FleetFileTests {
    private let definition = WorkflowDefinition(
        name: "tenant-create",
        inputs: [
            InputDefinition("name", .string), InputDefinition("email", .string(.email)),
            InputDefinition("features", .array(.string), default: ["apps"]),
            InputDefinition("token", .string, secret: true),
        ], steps: [])

    private func faults(_ yaml: String, _ definition: WorkflowDefinition? = nil) -> [String] {
        do throws(DefinitionErrors) {
            _ = try FleetFile(yaml: yaml, file: "tenants.yaml").tenants(definition ?? self.definition)
            return []
        } catch {
            return error.errors.map { "\($0.location?.line ?? 0):\($0.location?.column ?? 0) \($0.message)" }
        }
    }

    @Test("tenants come in the file's order, with the file's defaults and then the workflow's")
    func read() throws {
        let file = try FleetFile(
            yaml: """
                defaults: { email: all@x.example }
                tenants:
                  zeta: {}
                  acme: { email: ada@acme.example, features: [] }
                """, file: "tenants.yaml")
        #expect(file.workflows == FleetFile.Workflows())
        #expect(
            try file.tenants(definition) == [
                WantedTenant(name: "zeta", inputs: ["name": "zeta", "email": "all@x.example", "features": ["apps"]]),
                WantedTenant(name: "acme", inputs: ["name": "acme", "email": "ada@acme.example", "features": []]),
            ])
    }

    @Test("every fault is told at its place, all at once")
    func places() {
        #expect(
            faults(
                """
                tenants:
                  acme: { email: nobody, featurs: [] }
                  beta:
                    features: [1]
                """) == [
                    "2:18 'tenants.acme.email' is not an e-mail address",
                    "2:26 'tenants.acme.featurs' is not known here",
                    "4:16 'tenants.beta.features[0]' must be a string, not integer",
                ])
        #expect(
            faults("tenants:\n  acme: {}\n") == [
                "2:3 tenant 'acme': input 'email' of workflow 'tenant-create' is missing"
            ])
        #expect(faults("tenants: { Acme: {} }") == ["1:12 'Acme' cannot name a tenant"])
        #expect(faults("tenants: {}\ntenant: {}\n").count == 1)
        #expect(faults("tenants:\n  a: { email: a@b.example }\n  a: {}\n").count == 1)
        #expect(faults("").count == 1)
    }

    @Test(
        "two tenants with one company, namespace, host, administrator or domain are refused, whoever is first",
        arguments: [
            ("admin: { email: A@x.example }", "admin: { email: a@X.example }", "administrator's e-mail 'a@x.example'"),
            ("email_domains: [x.example, y.example]", "email_domains: [Y.example]", "e-mail domain 'y.example'"),
            ("gateway_host: g.example", "gateway_host: g.example", "gateway host 'g.example'"),
            ("company_name: Beta", "company_name: Beta", "company 'Beta'"),
            ("company_name: beta", "{}", "company 'beta'"),
            ("namespace: beta", "{}", "namespace 'beta'"),
        ])
    func claims(acme: String, beta: String, taken: String) {
        let definition = WorkflowDefinition(
            name: "tenant-create",
            inputs: [
                InputDefinition("name", .string), InputDefinition("admin", .any, default: .null),
                InputDefinition("email_domains", .array(.string), default: []),
                InputDefinition("gateway_host", .any, default: .null),
                InputDefinition("company_name", .any, default: .null),
                InputDefinition("namespace", .any, default: .null),
            ], steps: [])
        func entry(_ text: String) -> String { text == "{}" ? text : "{ \(text) }" }
        #expect(
            faults("tenants:\n  acme: \(entry(acme))\n  beta: \(entry(beta))\n", definition) == [
                "3:3 tenant 'beta': \(taken) is that of tenant 'acme'"
            ])
        #expect(faults("tenants:\n  acme: \(entry(acme))\n  gamma: {}\n", definition) == [])
    }

    @Test("a secret does not belong into the file, and where it belongs is said")
    func secrets() throws {
        let file = try FleetFile(
            yaml: "tenants: { acme: { email: a@b.example, token: abc } }", file: "tenants.yaml")
        let error = try #require(#expect(throws: DefinitionErrors.self) { try file.tenants(definition) })
        #expect(error.errors.map(\.code) == [.secretExposed])
        #expect(error.description.contains("--secret token=") && !error.description.contains("abc"))
    }
}
