import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// What the install made goes again; data and tenants are not taken along.
    @Suite struct UninstallTests {
        private static let record = """
            workflow: record
            inputs: { state: { type: string } }
            steps: { it: { uses: tenant.record, with: { tenant: acme, state: "${{ inputs.state }}" } } }
            """

        @Test(
            "refused while there are tenants, done over kills with the data kept, done again in vain, then the data goes"
        )
        func uninstall() async throws {
            let sandbox = try Sandbox.require()
            // The other tests have helm 4.
            let home = try Home(sandbox, helm: "helm3")
            let before = try await sandbox.inventory()
            try await sandbox.resetStandIn()
            let inputs = try small(of: home)
            let (small, record) = ("\(home.path)/small.yaml", "\(home.path)/record.yaml")
            try Data(UpgradeTests.small.utf8).write(to: URL(filePath: small))
            try Data(Self.record.utf8).write(to: URL(filePath: record))
            try await home.succeed("run", "install", "-f", sandbox.inputs, "-f", small)
            let installed = try await sandbox.inventory()

            try await home.succeed("run", record, "-i", "state=active")
            let refused = try await home.run("run", "uninstall", "-f", inputs, "-i", "approval=false")
            #expect(refused.status == 1 && refused.text.contains("acme (active)"), "\(refused.text)")
            #expect(try await sandbox.inventory() == installed)
            try await home.succeed("run", record, "-i", "state=deleted")

            let arguments = ["uninstall", "-f", inputs, "-i", "approval=false"]
            let toll = try await home.killAtEach(.forth, of: ["run"] + arguments, short: ["tenants"])
            #expect(toll.struck.count >= 12, "\(toll)")
            let left = try await sandbox.inventory().filter { !before.contains($0) }
            let kept = [
                "namespaces <none>/", "persistentvolumeclaims ", "configmaps clearml/runner-clearml-",
                "secrets clearml-billing/runner-billing-kafka",
            ]
            #expect(left.filter { line in !kept.contains { line.hasPrefix($0) } } == [])
            #expect(try await sandbox.helm("list", "-A", "-q").isEmpty)
            let told = try await home.succeed("show", "last", "--json")
            for line in left where line.hasPrefix("pers") || line.hasPrefix("namesp") {
                #expect(told.contains(line.split(separator: "/").last.map(String.init) ?? line), "\(line)")
            }
            let mongodb = try await sandbox.kubectl(
                "get", "persistentvolumes", "-o", "jsonpath={.items[*].spec.claimRef.name}")
            #expect(mongodb.contains("clearml-mongodb"), "the volume of a claim of the chart's own is kept")
            let rollback = try await home.run("rollback", "last")
            #expect(rollback.status == 1, "\(rollback.text)")
            #expect(try await sandbox.inventory().filter { !before.contains($0) } == left, "there is no way back")

            let quiet = try await home.run(["plan"] + arguments + ["--exit-code"])
            #expect(quiet.status == 0, "a second run changes nothing: \(quiet.text)")

            let process = try home.start(["run"] + arguments + ["-i", "delete_data=true"])
            try await until("the approval is waited for") {
                try await home.run("approve", "last", "approve_data").status == 0
            }
            let deleted = await process.result()
            #expect(deleted.status == 0, "\(deleted.text)")
            #expect(try await sandbox.inventory().filter { !before.contains($0) } == [])
            let volumes = try await sandbox.kubectl("get", "persistentvolumes", "-o", "name")
            #expect(volumes.isEmpty)
        }

        private func small(of home: Home) throws -> String {
            let path = "\(home.path)/uninstall.yaml"
            try Data("gpu: { enabled: false }\n".utf8).write(to: URL(filePath: path))
            return path
        }
    }
}
