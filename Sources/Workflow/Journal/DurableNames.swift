import Glibc

/// Names of files and folders that have to survive a power cut: a file's own sync keeps its contents, but its name is
/// durable only once its folder is synced, and that folder's name once the one above is.
package enum DurableNames {
    /// Makes all names in a folder durable, and its own, up to the root.
    ///
    /// - Throws: `JournalError`: the disk failed.
    package static func sync(_ folder: String) throws(JournalError) {
        var path = folder[...]
        while true {
            try syncOne(path.isEmpty ? "/" : String(path))
            guard let end = path.lastIndex(of: "/") else { return }
            path = path[..<end]
        }
    }

    private static func syncOne(_ folder: String) throws(JournalError) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // One that this user may not read was not made by it.
        guard file >= 0 else { return }
        defer { close(file) }
        // Some file systems have nothing to sync there.
        guard fsync(file) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS else { return }
        throw JournalError(
            .inputOutput, "the folder \(folder) cannot be made durable: \(String(cString: strerror(errno)))",
            remedy: "check the disk (dmesg), then try again; nothing was started")
    }
}
