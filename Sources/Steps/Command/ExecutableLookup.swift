import Glibc

/// Finds the file behind a program's name, as a shell would: in the `PATH` that the program itself will see.
struct ExecutableLookup {
    /// What `PATH` is taken to be where there is none.
    static let defaultPath = "/usr/local/bin:/usr/bin:/bin"

    let environment: [String: String]
    let workingDirectory: String?

    func path(of executable: String) throws(ProcessFailure) -> String {
        if executable.contains("/") {
            // Relative to where the program will start, as that is where the system looks for it.
            let path = executable.hasPrefix("/") ? executable : (workingDirectory ?? ".") + "/" + executable
            guard isRunnable(path) else {
                throw ProcessFailure(.executableNotFound, executable, "there is no program file '\(path)'")
            }
            return path
        }
        let directories = (environment["PATH"] ?? Self.defaultPath).split(separator: ":")
        for directory in directories where isRunnable("\(directory)/\(executable)") {
            return "\(directory)/\(executable)"
        }
        let searched = directories.joined(separator: ", ")
        throw ProcessFailure(.executableNotFound, executable, "not found in PATH (\(searched))")
    }

    private func isRunnable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
