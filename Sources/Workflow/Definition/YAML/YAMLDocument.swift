import Yams

/// Reads YAML text into nodes that know their places.
///
/// Stricter than YAML at large, so that a file means one thing and costs bounded time and memory: no anchors, aliases,
/// merge keys or tags of its own, no repeated keys, at most `maximumBytes` and `maximumDepth`.
struct YAMLDocument {
    static let maximumBytes = 1 << 20
    static let maximumDepth = 100
    /// How many repeated keys are told apart, so that all can be reported; each costs reading the text once more.
    private static let maximumRepeats = 20

    private var source: YAMLSource
    /// Letters replaced in repeated keys, by their marker.
    private var replaced: [Unicode.Scalar: Unicode.Scalar] = [:]
    private var diagnostics = Diagnostics()

    /// The documents of a text, with all faults found; empty where it could not be parsed at all.
    static func read(_ text: String, file: String) -> (documents: [YAMLNode], errors: [DefinitionError]) {
        let start = SourceLocation(file: file, line: 1, column: 1)
        guard text.utf8.count <= maximumBytes else {
            let error = DefinitionError(
                .tooLarge, at: start, "the file is larger than \(maximumBytes / 1024) KiB", fix: "split it")
            return ([], [error])
        }
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        guard let source = YAMLSource(text, file: file) else {
            let error = DefinitionError(
                .syntax, at: start, "the file uses private letters (U+E000 to U+E0FF)", fix: "remove them")
            return ([], [error])
        }
        var document = YAMLDocument(source: source)
        let nodes = document.parse().map { document.node($0, depth: 0) }
        return (nodes, document.diagnostics.errors)
    }

    private init(source: YAMLSource) {
        self.source = source
    }

    /// Parses, and where the parser stops at a repeated key, tells the two apart and tries again.
    private mutating func parse() -> [Node] {
        while true {
            do {
                let parser = try Parser(yaml: source.masked, resolver: .basic, encoding: .utf8)
                var nodes: [Node] = []
                while let node = try parser.nextRoot() { nodes.append(node) }
                return nodes
            } catch YamlError.duplicatedKeysInMapping(_, let context) where mark(keyAt: context.mark) {
                continue
            } catch {
                report(error)
                return []
            }
        }
    }

    /// Makes the key at a place unlike its double; false where that cannot be done.
    private mutating func mark(keyAt place: Mark) -> Bool {
        let next = YAMLSource.firstMarker + UInt32(replaced.count)
        guard replaced.count < Self.maximumRepeats, next <= YAMLSource.lastMarker, let marker = Unicode.Scalar(next)
        else { return false }
        var column = place.column
        if let first = source.scalar(line: place.line, column: column), first == "\"" || first == "'" { column += 1 }
        guard let old = source.scalar(line: place.line, column: column), old.properties.isAlphabetic || old == "_",
            old.value < YAMLSource.firstMarker || old.value > YAMLSource.lastMarker
        else { return false }
        replaced[marker] = source.replace(line: place.line, column: column, with: marker)
        return true
    }

    private mutating func report(_ error: any Error) {
        var place = SourceLocation(file: source.file, line: 1, column: 1)
        var message = "the file cannot be read as YAML"
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            place = location(mark)
            message = (context.map { "\($0.text): " } ?? "") + problem
        case YamlError.reader(let problem, let offset, _, _):
            message = problem
            if let offset { place = location(ofCharacter: offset) }
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            diagnostics.report(
                .duplicateKey, at: location(context.mark), "the key \(keys.joined(separator: ", ")) stands here twice",
                fix: "remove one of the two")
            return
        default: break
        }
        let line = source.lines.indices.contains(place.line - 1) ? source.lines[place.line - 1] : []
        if message.contains("undefined alias") || line.contains(YAMLSource.ampersand) {
            refuseAnchor(at: place)
        } else {
            diagnostics.report(
                .syntax, at: place, "not YAML: \(message)",
                fix: line.contains("\t")
                    ? "indent with spaces; YAML does not allow tabs"
                    : "correct the indentation, quotes or brackets here or just above")
        }
    }

    private mutating func refuseAnchor(at location: SourceLocation) {
        diagnostics.report(
            .syntax, at: location, "anchors (&name), aliases (*name) and merge keys (<<) are not supported",
            fix: "write the value out, share it as an input or a values file, or quote the text")
    }

    private func location(ofCharacter offset: Int) -> SourceLocation {
        var location = SourceLocation(file: source.file, line: 1, column: 1)
        for character in source.masked.prefix(offset) {
            location.column += 1
            if character.isNewline { (location.line, location.column) = (location.line + 1, 1) }
        }
        return location
    }

    private func location(_ mark: Mark?) -> SourceLocation {
        SourceLocation(file: source.file, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    private func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { (0xE000...YAMLSource.lastMarker).contains($0.value) }) else {
            return text
        }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            scalars.append(scalar == YAMLSource.ampersand ? "&" : replaced[scalar] ?? scalar)
        }
        return String(scalars)
    }

    private mutating func node(_ node: Node, depth: Int) -> YAMLNode {
        let location = location(node.mark)
        guard depth < Self.maximumDepth else {
            diagnostics.report(
                .tooLarge, at: location, "nested more than \(Self.maximumDepth) levels deep", fix: "make it flatter")
            return YAMLNode(content: .scalar(.null), location: location, isFaulty: true)
        }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, at: location)
        case .sequence(let sequence):
            checkTag(sequence.tag, at: location)
            return YAMLNode(
                content: .sequence(sequence.map { self.node($0, depth: depth + 1) }), location: location)
        case .mapping(let mapping):
            checkTag(mapping.tag, at: location)
            return YAMLNode(content: .mapping(entries(mapping, depth: depth)), location: location)
        case .alias:
            refuseAnchor(at: location)
            return YAMLNode(content: .scalar(.null), location: location, isFaulty: true)
        }
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var lines: [String: Int] = [:]
        for (keyNode, valueNode) in mapping {
            let place = location(keyNode.mark)
            guard case .scalar(let scalar) = keyNode else {
                diagnostics.report(.wrongType, at: place, "a key must be text", fix: "write a name before the colon")
                continue
            }
            let key = restored(scalar.string)
            if scalar.style == .plain, key == "<<" || key.hasPrefix("&") {
                refuseAnchor(at: place)
                continue
            }
            if let line = lines[key] {
                diagnostics.report(
                    .duplicateKey, at: place, "the key '\(key)' stands here twice (first in line \(line))",
                    fix: "remove one of the two")
                continue
            }
            lines[key] = place.line
            entries.append(YAMLEntry(key: key, keyLocation: place, value: node(valueNode, depth: depth + 1)))
        }
        return entries
    }

    private mutating func scalar(_ scalar: Node.Scalar, at location: SourceLocation) -> YAMLNode {
        let text = restored(scalar.string)
        let tag = scalar.tag.rawValue
        let plain = scalar.style == .plain && tag.isEmpty
        if !tag.isEmpty, tag != "!", tag != Tag.Name.str.rawValue { checkTag(scalar.tag, at: location) }
        if plain, scalar.string.unicodeScalars.first == YAMLSource.ampersand {
            refuseAnchor(at: location)
            return YAMLNode(content: .scalar(.null), location: location, isFaulty: true)
        }
        var value = Value.string(text)
        var isFaulty = false
        if plain {
            switch YAMLScalar.read(plain: text) {
            case .value(let read): value = read
            case .refused(let message, let fix):
                isFaulty = true
                diagnostics.report(.invalidValue, at: location, message, fix: fix)
            }
        }
        let marks = text.contains("${{") ? source.expressionMarks(in: text, after: location) : []
        return YAMLNode(content: .scalar(value), location: location, isFaulty: isFaulty, expressionMarks: marks)
    }

    private mutating func checkTag(_ tag: Tag, at location: SourceLocation) {
        let name = tag.rawValue
        guard !name.isEmpty, name != "!", name != Tag.Name.seq.rawValue, name != Tag.Name.map.rawValue else { return }
        diagnostics.report(
            .syntax, at: location, "the tag \(name) is not supported", fix: "remove the tag; quote text instead")
    }
}

extension Value {
    /// Reads one YAML document, such as a file of inputs.
    ///
    /// - Parameter file: What messages name as the place.
    /// - Throws: Every fault found. A text without a document is null.
    public init(yaml text: String, file: String) throws(DefinitionErrors) {
        self = try LocatedValue(yaml: text, file: file).value
    }
}
