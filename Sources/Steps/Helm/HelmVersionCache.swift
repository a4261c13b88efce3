package import Workflow

/// Asks helm for its version once a process.
///
/// A helm that is replaced under a running runner is noticed at the next start, as the shell would.
package actor HelmVersionCache {
    private var known: [String: ToolVersion] = [:]

    package init() {}

    package func version(of program: String, _ helm: Helm) async throws(StepError) -> ToolVersion {
        if let version = known[program] { return version }
        let version = try await helm.version()
        known[program] = version
        return version
    }
}
