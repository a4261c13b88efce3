import Foundation
package import Workflow

extension StepCatalog {
    /// Every step kind there is: the engine's own, and one line for each of ours.
    ///
    /// - Parameters:
    ///   - environment: The variables that programs inherit, and that say where private files go and which cluster is meant.
    ///   - tenants: The registry of the database that runs are kept in; without it the kinds can be listed and checked only.
    /// - Throws: Where the machine has no place for private files, or libcurl cannot start.
    package static func standard(
        environment: [String: String], tenants: any TenantRegistry = NoTenantRegistry()
    ) throws -> StepCatalog {
        let processes = ProcessRunner(environment: environment)
        let client = try HTTPClient(userAgent: "runner")
        let cluster = ClusterAccess(processes: processes, files: try PrivateFiles(environment: environment))
        // Where it cannot be read, there is no kubelet on this machine that could.
        let ownBootID = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let clearML = ClearMLTransport(
            http: client, clock: ContinuousClock(), now: { Date() }, jitter: { .random(in: 0..<1) })
        return StepCatalog(
            BuiltinKind.all
                + [
                    ArchiveUnzip(processes: processes),
                    CommandRun(processes: processes),
                    FileDownload(client: client),
                    HTTPStep(client: client),
                ]
                + clearML.clearMLKinds(cluster: cluster, randomBytes: randomBytes)
                + cluster.gpuKinds(
                    ownBootID: ownBootID.trimmingCharacters(in: .whitespacesAndNewlines), clock: ContinuousClock())
                + cluster.helmKinds(now: { Date() })
                + cluster.kubernetesKinds(randomBytes: randomBytes)
                + tenants.tenantKinds(cluster: cluster))
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
