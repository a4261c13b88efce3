/// Paths of the files of a workflow: relative to the folder of its main file, `/` between the parts, never above it.
enum RelativePath {
    /// The path, as seen from the root, that `path` names in a file at `base`.
    ///
    /// - Returns: Nil where it is absolute, empty, or leaves the root.
    static func resolve(_ path: String, from base: String) -> String? {
        guard !path.isEmpty, !path.hasPrefix("/"), !path.contains("\0"), path.utf8.count <= 1024 else { return nil }
        var parts = base.split(separator: "/").dropLast().map(String.init)
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(String(part))
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    /// The folder of a path with its final `/` (empty for the current folder), and the last part.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }
}
