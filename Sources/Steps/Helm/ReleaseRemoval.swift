import Workflow

/// Uninstalls a release, and waits until its objects are gone.
struct ReleaseRemoval: Sendable {
    let releases: Releases
    let commands: HelmCommands
    let timeout: Duration

    /// - Returns: What stays behind; nothing where there is no such release.
    func remove() async throws -> [String] {
        guard let last = try await releases.history().last, last.status != "uninstalled" else {
            try await live.waitUntilGone(try await releases.ending(), timeout: timeout)
            return []
        }
        let state = try await releases.state(revision: last.revision)
        let leftovers = try ReleaseLeftovers(state, namespace: releases.namespace)
        try await releases.helm.run(commands.uninstall(timeout: timeout), object: releases.object)
        try await live.waitUntilGone(
            ManifestReader.objects(in: state.manifest).filter { $0.annotation("helm.sh/resource-policy") != "keep" },
            timeout: timeout)
        return try await leftovers.remaining(releases.kubectl)
    }

    private var live: LiveObjects { LiveObjects(releases.kubectl, namespace: releases.namespace) }
}
