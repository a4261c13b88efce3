import Workflow

/// Cuts out of a live object the fields that a manifest names, as they are now.
///
/// Applied by the same field manager after the manifest, the cut restores: fields it holds go back to what they were,
/// and fields it does not hold, which only the manifest brought, are removed by the server.
enum ManifestProjection {
    static func of(_ live: KubernetesObject, on manifest: KubernetesObject) -> Value {
        let keys = ListKeys(manifest.reference)
        let cut = project(LiveObjects.comparable(live), on: manifest.content, at: [], keys) ?? .object([:])
        // The identity is always needed, also where the manifest leaves the namespace out.
        var members = cut.objectValue ?? [:]
        members["apiVersion"] = .string(manifest.apiVersion)
        members["kind"] = .string(manifest.kind)
        var metadata = members["metadata"]?.objectValue ?? [:]
        metadata["name"] = .string(live.reference.name)
        metadata["namespace"] = live.reference.namespace.map { .string($0) }
        members["metadata"] = .object(metadata)
        return .object(members)
    }

    /// Nil: nothing of it is there.
    private static func project(_ live: Value?, on wanted: Value, at path: [String], _ keys: ListKeys) -> Value? {
        switch (live, wanted) {
        case (nil, _), (.null, _): return nil
        case (.object(let old), .object(let new)) where !new.isEmpty && !keys.isAtomicMap(path):
            var cut: [String: Value] = [:]
            for (key, value) in new { cut[key] = project(old[key], on: value, at: path + [key], keys) }
            return .object(cut)
        case (.array(let old), .array(let new)):
            guard let mine = keys.elements(of: new, at: path), let theirs = keys.elements(of: old, at: path) else {
                return live
            }
            // The key fields are in both, so each cut element keeps its key.
            return .array(
                mine.keys.sorted().compactMap { key in
                    project(theirs[key], on: mine[key] ?? .null, at: path.element(key), keys)
                })
        default: return live
        }
    }
}
