import Steps

extension FuzzTarget {
    private static let limits = ZipArchive.Limits(totalBytes: 1 << 20, entries: 1000)

    /// Every member of an archive that is taken for safe lies within the folder it is unpacked to, and all together are no
    /// more than may be.
    static func checkZip(_ input: FuzzInput) async throws {
        let world = ScriptedWorld([FuzzInput.Part(name: "", text: input.first)] + input.others)
        let entries: [ZipArchive.Entry]
        do throws(ZipFailure) {
            // Any file will do: what is in it is what the script says.
            entries = try await ZipArchive(path: "/proc/self/exe", limits: limits, processes: world).entries()
        } catch {
            return try require(!error.message.isEmpty, "refused without a word")
        }
        try require(entries.count <= limits.entries, "\(entries.count) entries")
        try require(entries.reduce(0) { $0 + $1.bytes } <= limits.totalBytes, "too large")
        for entry in entries {
            var depth = 0
            for part in entry.name.split(separator: "/") {
                depth += part == ".." ? -1 : part == "." ? 0 : 1
                try require(depth >= 0, "'\(entry.name)' leads out of its folder")
            }
            try require(!entry.name.hasPrefix("/"), "'\(entry.name)' is absolute")
        }
    }
}
