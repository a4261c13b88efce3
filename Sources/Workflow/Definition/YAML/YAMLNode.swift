/// A node of a YAML file that knows its place.
struct YAMLNode: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case scalar(Value)
        case sequence([YAMLNode])
        /// In the order of the file; no key twice.
        case mapping([YAMLEntry])
    }

    var content: Content
    var location: SourceLocation
    /// Whether a fault of the node has been reported already, so that nothing more need be said of it.
    var isFaulty = false
    /// For a string: where each `${{` of it stands in the file, in order.
    var expressionMarks: [ExpressionMark] = []
}

/// A key and its value.
struct YAMLEntry: Hashable, Sendable {
    var key: String
    var keyLocation: SourceLocation
    var value: YAMLNode
}

/// Where a `${{` stands.
struct ExpressionMark: Hashable, Sendable {
    var location: SourceLocation
    /// Whether the file holds the expression's text letter by letter on one line (no escapes, no folding), so that
    /// columns within it can be counted.
    var exact: Bool
}

extension YAMLNode {
    var string: String? { if case .scalar(.string(let text)) = content { text } else { nil } }
    var sequence: [YAMLNode]? { if case .sequence(let elements) = content { elements } else { nil } }
    var mapping: [YAMLEntry]? { if case .mapping(let entries) = content { entries } else { nil } }
    var isNull: Bool { content == .scalar(.null) }

    /// The entry of a mapping with this key.
    func entry(_ key: String) -> YAMLEntry? { mapping?.first { $0.key == key } }

    /// The node as a value, expressions as plain text.
    var value: Value {
        switch content {
        case .scalar(let value): value
        case .sequence(let elements): .array(elements.map(\.value))
        case .mapping(let entries):
            .object(Dictionary(entries.map { ($0.key, $0.value.value) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    var typeName: String {
        switch content {
        case .scalar(let value): value.typeName
        case .sequence: "array"
        case .mapping: "object"
        }
    }

    /// The node that a fault's path leads to: the last one on its way where the path ends early.
    func node(at path: ArraySlice<SchemaFault.Segment>) -> YAMLNode {
        guard let first = path.first else { return self }
        switch (first, content) {
        case (.key(let key), .mapping(let entries)):
            guard let entry = entries.first(where: { $0.key == key }) else { return self }
            return entry.value.node(at: path.dropFirst())
        case (.index(let index), .sequence(let elements)) where elements.indices.contains(index):
            return elements[index].node(at: path.dropFirst())
        default: return self
        }
    }

    /// The first string below this node that holds a `${{`.
    var firstExpression: SourceLocation? {
        switch content {
        case .scalar: expressionMarks.first?.location
        case .sequence(let elements): elements.lazy.compactMap(\.firstExpression).first
        case .mapping(let entries): entries.lazy.compactMap(\.value.firstExpression).first
        }
    }
}
