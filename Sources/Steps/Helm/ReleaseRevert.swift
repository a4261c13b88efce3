import Workflow

/// Undoes what a run did to a release.
struct ReleaseRevert {
    let wish: ReleaseWish
    let commands: HelmCommands
    let context: StepContext

    /// Goes back to the revision that was deployed before this run. Never uninstalls: data is at stake that is not this
    /// run's.
    ///
    /// - Returns: What stays behind.
    func rollback(to before: HelmRelease.Prior) async throws -> [String] {
        let releases = wish.releases
        let history = try await releases.history()
        // An own operation that died half-way may have changed objects already: helm goes back from it, too.
        guard let last = history.last, before.precedes(last) else { return [] }  // never changed
        guard let revision = before.revision else {
            return [
                "\(releases.object) stays as it is: before this run it was '\(before.status ?? "unknown")', "
                    + "with no revision to go back to"
            ]
        }
        // Done already, by a rollback whose result was not recorded.
        if last.status == "deployed", last.description == "Rollback to \(revision)" { return [] }
        guard history.contains(where: { $0.revision == revision }) else {
            throw StepError(
                .permanent, "revision \(revision), deployed before this run, is no longer in helm's history",
                object: releases.object, remedy: "install the former version by hand")
        }
        do {
            try await wish.helm.run(
                commands.rollback(to: revision, waits: wish.waits, timeout: wish.timeout), object: releases.object)
        } catch {
            // Kubernetes does not replace a StatefulSet's pod that never got ready, so helm may wait in vain.
            guard error.kind == .timedOut else { throw error }
            try await replaceStuckPods(revision: revision)
            try await wish.helm.run(
                commands.rollback(to: revision, waits: wish.waits, timeout: wish.timeout), object: releases.object)
        }
        return []
    }

    /// Removes a release that this run installed.
    ///
    /// - Returns: What stays behind.
    func uninstall(removesNamespace: Bool) async throws -> [String] {
        let removal = ReleaseRemoval(releases: wish.releases, commands: commands, timeout: wish.timeout)
        var left = try await removal.remove()
        if removesNamespace { left += try await Namespaces(wish.kubectl).removeIfEmpty(wish.namespace) }
        return left
    }

    /// Deletes the pods of the release's StatefulSets that are not ready, so that they are made anew.
    private func replaceStuckPods(revision: Int) async throws {
        let state = try await wish.releases.state(revision: revision)
        let sets = Set(
            try ManifestReader.objects(in: state.manifest).filter { $0.kind == "StatefulSet" }.map(\.reference.name))
        guard !sets.isEmpty else { return }
        let pods = try await wish.kubectl.items(["get", "pods", "--namespace", wish.namespace])
        for pod in pods {
            let owners = pod["metadata"]?["ownerReferences"]?.arrayValue ?? []
            let isOurs = owners.contains { owner in
                owner["kind"]?.stringValue == "StatefulSet" && sets.contains(owner["name"]?.stringValue ?? "")
            }
            let isReady = (pod["status"]?["conditions"]?.arrayValue ?? []).contains {
                $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True"
            }
            guard isOurs, !isReady, let name = pod["metadata"]?["name"]?.stringValue else { continue }
            context.log(.note, "pod \(name) never got ready and is replaced")
            try await wish.kubectl.run(
                ["delete", "pod", name, "--namespace", wish.namespace, "--ignore-not-found"], object: "pod \(name)")
        }
    }
}
