public import Workflow

extension StepCatalog {
    /// Every step kind there is: the engine's own, and one line for each of ours.
    ///
    /// - Parameter environment: The variables that programs inherit, and that say where private files go.
    /// - Throws: Where the machine has no place for private files, or libcurl cannot start.
    public static func standard(environment: [String: String]) throws -> StepCatalog {
        let processes = ProcessRunner(environment: environment)
        let client = try HTTPClient(userAgent: "runner")
        return StepCatalog(
            BuiltinKind.all + [
                ArchiveUnzip(processes: processes),
                CommandRun(processes: processes),
                FileDownload(client: client),
                HTTPStep(client: client),
            ])
    }
}
