import Workflow

/// Reads and mends what helm keeps about one release.
struct Releases: Sendable {
    let helm: Helm
    let kubectl: Kubectl
    let release: String
    let namespace: String

    var object: String { "release \(namespace)/\(release)" }
    private var place: [String] { ["--namespace", namespace] }

    /// All revisions that helm still has, oldest first; empty where there is no such release.
    func history() async throws(StepError) -> [ReleaseRevision] {
        let answer: Value
        do {
            answer = try await helm.json(["history", release] + place, object: object)
        } catch {
            guard error.message.contains("release: not found") else { throw error }
            return []
        }
        let revisions = (answer.arrayValue ?? []).compactMap { ReleaseRevision($0) }
        return revisions.sorted { $0.revision < $1.revision }
    }

    /// What is still being deleted of a release that helm has forgotten already: helm does not wait for its objects, and
    /// whoever did may have died. Workloads stay until their pods are gone, claims until no pod uses them.
    func ending() async throws(StepError) -> [KubernetesObject] {
        let kinds = "deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,persistentvolumeclaims"
        let objects = try KubernetesObject.all(in: try await kubectl.items(["get", kinds] + place, object: object))
        return objects.filter { object in
            object.annotation("meta.helm.sh/release-name") == release
                && object.content["metadata"]?["deletionTimestamp"] != nil
        }
    }

    func state(revision: Int) async throws(StepError) -> ReleaseState {
        let which = [release, "--revision", "\(revision)"] + place
        let values = try await helm.json(["get", "values"] + which, object: object)
        let all = try await helm.run(["get", "all"] + which + ["--template", ReleaseState.template], object: object)
        guard let bytes = all.output.bytes else {
            throw StepError(.permanent, "the release's manifest is too long", object: object)
        }
        return try ReleaseState(String(decoding: bytes, as: UTF8.self), values: values)
    }

    /// Makes helm forget a revision whose operation died half-way. The objects it has made stay as they are, and the
    /// next upgrade finds and adopts them by their annotations: nothing is deleted, no data volume either.
    ///
    /// Helm itself knows `rollback` and `uninstall` as ways out. The first would restart every pod twice, the second
    /// delete data.
    func forget(_ revision: ReleaseRevision) async throws(StepError) {
        try await kubectl.run(
            ["delete", "secret", "sh.helm.release.v1.\(release).v\(revision.revision)", "--ignore-not-found"] + place,
            object: object)
    }
}
