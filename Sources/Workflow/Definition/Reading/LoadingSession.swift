import Foundation

/// What one load shares between the files it reads: their texts, the faults found, the workflows read already.
///
/// A class because the readers of nested files all add to it; it never leaves the call of `WorkflowLoader.load`.
final class LoadingSession {
    static let maximumBytes = 16 << 20
    static let maximumFiles = 1000
    static let maximumNesting = 10

    let catalog: StepCatalog
    private let read: (String) throws -> Data
    private var texts: [String: String] = [:]
    /// The paths that could not be read, so that each is reported once.
    private var unreadable: Set<String> = []
    private var bytes = 0
    private var documents: [String: [YAMLNode]] = [:]
    /// The workflows being read, outermost first.
    private var nesting: [String] = []
    private var workflows: [String: Workflow] = [:]
    /// The workflows that could not be read, so that none is tried twice.
    private var failed: Set<String> = []
    /// For each workflow being read, the files that it has used.
    private var used: [Set<String>] = []
    var diagnostics = Diagnostics()
    /// How many names are still looked at for one that may have been meant. Of thousands of wrong names among thousands
    /// nobody reads what each may mean, and to find it for all would take minutes.
    private var looks = 300_000

    /// - Parameter read: Gives the contents of a file, by its path relative to the root.
    init(catalog: StepCatalog, read: @escaping (String) throws -> Data) {
        self.catalog = catalog
        self.read = read
    }

    /// Reports how a node is not what its schema asks for.
    ///
    /// - Parameter name: What messages call the value at a path of the node.
    func report(_ faults: [SchemaFault], of node: YAMLNode, naming name: (String) -> String = { "'\($0)'" }) {
        for fault in faults {
            let place = node.node(at: fault.segments[...])
            guard !place.isFaulty else { continue }
            diagnostics.report([fault.error(at: place.location, naming: name(fault.path))])
        }
    }

    /// What to write instead of a name that is none of `words`: see `Spelling.remedy`.
    func remedy(for word: String, among words: some Collection<String>, none: String) -> String {
        guard mayLook(at: words.count) else { return words.isEmpty ? none : "correct the name" }
        return Spelling.remedy(for: word, among: words, none: none)
    }

    /// The one of `words` that was probably meant, but not `other`: see `Spelling.nearest`.
    func nearest(to word: String, among words: some Collection<String>, besides other: String? = nil) -> String? {
        mayLook(at: words.count) ? Spelling.nearest(to: word, among: words.lazy.filter { $0 != other }) : nil
    }

    private func mayLook(at count: Int) -> Bool {
        guard count <= looks else { return false }
        looks -= count
        return true
    }

    /// The text of a file; nil where it cannot be had, which is reported.
    ///
    /// - Parameter location: Where the file is named.
    func text(_ path: String, namedAt location: SourceLocation) -> String? {
        if !used.isEmpty { used[used.count - 1].insert(path) }
        if let text = texts[path] { return text }
        guard !unreadable.contains(path) else { return nil }
        let data: Data
        do {
            data = try read(path)
        } catch {
            unreadable.insert(path)
            diagnostics.report(
                .unreadableFile, at: location, "cannot read '\(path)': \(Self.reason(error))",
                fix: "create the file, or correct its path; paths are relative to the file that names them")
            return nil
        }
        bytes += data.count
        guard bytes <= Self.maximumBytes, texts.count < Self.maximumFiles else {
            unreadable.insert(path)
            diagnostics.report(
                .tooLarge, at: location,
                "the files of this workflow are more than \(Self.maximumBytes >> 20) MiB, or than \(Self.maximumFiles)",
                fix: "pass large data as files on disk, not as part of the workflow")
            return nil
        }
        guard let text = String(data: data, encoding: .utf8) else {
            unreadable.insert(path)
            diagnostics.report(
                .unreadableFile, at: location, "'\(path)' is not text in UTF-8", fix: "convert the file to UTF-8")
            return nil
        }
        texts[path] = text
        return text
    }

    /// The YAML documents of a file.
    func documents(_ path: String, namedAt location: SourceLocation) -> [YAMLNode]? {
        guard let text = text(path, namedAt: location) else { return nil }
        if let documents = documents[path] { return documents }
        let (nodes, errors) = YAMLDocument.read(text, file: path)
        diagnostics.report(errors)
        documents[path] = nodes
        return nodes
    }

    /// The workflow in a file; nil where it cannot be read, which is reported.
    ///
    /// - Parameter location: Where the file is named.
    func workflow(_ path: String, namedAt location: SourceLocation) -> Workflow? {
        if let start = nesting.firstIndex(of: path) {
            let circle = (nesting[start...] + [path]).joined(separator: " → ")
            diagnostics.report(
                .workflowCycle, at: location, "workflows start each other: \(circle)",
                fix: "remove the step that starts '\(path)' here")
            return nil
        }
        guard nesting.count < Self.maximumNesting else {
            diagnostics.report(
                .tooLarge, at: location, "workflows are nested more than \(Self.maximumNesting) deep",
                fix: "start the inner workflow from an outer one")
            return nil
        }
        if let workflow = workflows[path] {
            if !used.isEmpty { used[used.count - 1].formUnion(workflow.bundle.files.keys) }
            return workflow
        }
        guard !failed.contains(path) else { return nil }
        nesting.append(path)
        used.append([])
        let read = WorkflowReader(path: path, session: self).read(namedAt: location)
        nesting.removeLast()
        let files = used.removeLast()
        if !used.isEmpty { used[used.count - 1].formUnion(files) }
        guard let read else {
            failed.insert(path)
            return nil
        }
        let bundle = WorkflowBundle(main: path, files: texts.filter { files.contains($0.key) })
        let workflow = Workflow(definition: read.definition, bundle: bundle, children: read.children)
        workflows[path] = workflow
        return workflow
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? CocoaError, error.code == .fileReadNoSuchFile { return "there is no such file" }
        if error is WorkflowLoader.FileMissing { return "there is no such file" }
        return error.localizedDescription
    }
}
