public import Foundation

/// Reads workflows: from files, and again from a bundle of their texts.
public enum WorkflowLoader {
    /// What a reading function may throw for a file that does not exist.
    public struct FileMissing: Error {
        public init() {}
    }

    /// Reads and checks the workflow at `path`, with every file it refers to.
    ///
    /// - Parameters:
    ///   - path: The main file. Files it refers to are named relative to the file that names them, and must lie in the
    ///     main file's folder or below.
    ///   - read: Gives the contents of a file.
    /// - Throws: Every fault found, in all the files.
    public static func load(
        path: String, catalog: StepCatalog, read: @escaping (String) throws -> Data
    ) throws(DefinitionErrors) -> Workflow {
        let (folder, name) = RelativePath.split(path)
        do throws(DefinitionErrors) {
            return try load(main: name, catalog: catalog) { try read(folder + $0) }
        } catch {
            // Within the bundle places are relative to its root; the user knows them from where they are.
            throw DefinitionErrors(
                error.errors.map { error in
                    let location = error.location.map {
                        SourceLocation(file: folder + $0.file, line: $0.line, column: $0.column)
                    }
                    return DefinitionError(error.code, at: location, error.message, fix: error.remedy)
                })
        }
    }

    /// Reads a workflow again from a bundle. Gives what loading it from its files gave.
    public static func load(
        bundle: WorkflowBundle, catalog: StepCatalog
    ) throws(DefinitionErrors) -> Workflow {
        try load(main: bundle.main, catalog: catalog) { path in
            guard let text = bundle.files[path] else { throw FileMissing() }
            return Data(text.utf8)
        }
    }

    private static func load(
        main: String, catalog: StepCatalog, read: @escaping (String) throws -> Data
    ) throws(DefinitionErrors) -> Workflow {
        let session = LoadingSession(catalog: catalog, read: read)
        let workflow = session.workflow(main, namedAt: SourceLocation(file: main, line: 1, column: 1))
        guard session.diagnostics.errors.isEmpty, let workflow else {
            throw DefinitionErrors(session.diagnostics.errors)
        }
        return workflow
    }
}
