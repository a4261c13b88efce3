/// A value from a YAML file that knows where each part of it stands, for files that are no workflows.
package struct LocatedValue: Sendable {
    private let node: YAMLNode

    /// Reads one document; a text without one is null.
    ///
    /// - Parameter file: What messages name as the place.
    /// - Throws: Every fault found.
    package init(yaml text: String, file: String) throws(DefinitionErrors) {
        var (documents, errors) = YAMLDocument.read(text, file: file)
        if documents.count > 1 {
            errors.append(
                DefinitionError(
                    .syntax, at: documents[1].location, "one document is expected, and this is the second",
                    fix: "put it into a file of its own"))
        }
        guard errors.isEmpty else { throw DefinitionErrors(errors) }
        node =
            documents.first
            ?? YAMLNode(content: .scalar(.null), location: SourceLocation(file: file, line: 1, column: 1))
    }

    package var value: Value { node.value }

    /// How the value is not what a schema asks for, each fault at its place.
    package func faults(_ schema: Schema) -> [DefinitionError] {
        schema.check(node.value, at: "").map { fault in
            fault.error(at: place(of: fault), naming: fault.path.isEmpty ? "the file" : nil)
        }
    }

    /// What is wrong with a key is told where the key stands.
    private func place(of fault: SchemaFault) -> SourceLocation {
        let place = node.node(at: fault.segments[...]).location
        guard fault.code == .unknownKey, case .key(let key)? = fault.segments.last else { return place }
        return node.node(at: fault.segments.dropLast()).entry(key)?.keyLocation ?? place
    }

    /// The keys of the object that a path leads to, in the order of the file; none where there is no such object.
    package func keys(at path: String...) -> [String] {
        path.reduce(node as YAMLNode?) { $0?.entry($1)?.value }?.mapping?.map(\.key) ?? []
    }

    /// Where the key at the end of a path stands; the last one on the way where the path leads nowhere.
    package func location(of path: String...) -> SourceLocation {
        var (node, location) = (node, node.location)
        for key in path {
            guard let entry = node.entry(key) else { break }
            (node, location) = (entry.value, entry.keyLocation)
        }
        return location
    }
}
