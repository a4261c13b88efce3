import Workflow

/// The argument lists of the calls that change a release, for helm 3 and helm 4.
package struct HelmCommands: Hashable, Sendable {
    let version: ToolVersion
    let release: String
    let namespace: String

    package init(_ version: ToolVersion, release: String, namespace: String) {
        self.version = version
        self.release = release
        self.namespace = namespace
    }

    /// How an upgrade is made.
    package struct Upgrade: Hashable, Sendable {
        package var createsNamespace = false
        package var skipsCRDs = false
        package var takesOwnership = false
        package var forcesConflicts = false
        /// Nil: as the release has it, and server-side for a new one.
        package var serverSide: Bool?
        package var waitsForJobs = false

        package init() {}
    }

    /// Install or upgrade, with the values on standard input.
    ///
    /// - Parameters:
    ///   - chart: The path of a file or folder.
    ///   - wait: Longest wait for readiness; nil: none.
    ///   - timeout: Helm's own limit for each operation, hooks among them.
    package func upgrade(chart: String, _ upgrade: Upgrade, waits: Bool, timeout: Duration) -> [String] {
        // Without --reset-values empty values would mean "those of the last time".
        var arguments = ["upgrade", release, chart, "--install", "--reset-values", "--values", "-"] + place
        arguments += waiting(waits, timeout)
        if upgrade.createsNamespace { arguments.append("--create-namespace") }
        if upgrade.skipsCRDs { arguments.append("--skip-crds") }
        if upgrade.takesOwnership { arguments.append("--take-ownership") }
        if upgrade.waitsForJobs, waits { arguments.append("--wait-for-jobs") }
        if version.major >= 4 {
            if let serverSide = upgrade.serverSide { arguments.append("--server-side=\(serverSide)") }
            if upgrade.forcesConflicts { arguments.append("--force-conflicts") }
        }
        return arguments
    }

    package func rollback(to revision: Int, waits: Bool, timeout: Duration) -> [String] {
        ["rollback", release, "\(revision)"] + place + waiting(waits, timeout)
    }

    /// Removes the release. Its workloads go after their pods, so whoever waits for them waits for the pods too.
    ///
    /// Helm's own wait is not used: helm 4's gives up on what is "scheduled for deletion".
    package func uninstall(timeout: Duration) -> [String] {
        ["uninstall", release, "--ignore-not-found", "--cascade", "foreground"] + place + waiting(false, timeout)
    }

    private var place: [String] { ["--namespace", namespace] }

    private func waiting(_ waits: Bool, _ timeout: Duration) -> [String] {
        let seconds = max(1, Int(timeout.components.seconds))
        // Helm 4 has several ways to wait; this is the one it means by a plain --wait.
        return (waits ? [version.major >= 4 ? "--wait=watcher" : "--wait"] : []) + ["--timeout", "\(seconds)s"]
    }
}
