extension Schema {
    /// Reads the text of a command line as what the schema asks for: `true` for a boolean, `a,b` or `[a, b]` for a list,
    /// `{a: 1}` for an object. Where a string will do, the text is taken as it is.
    ///
    /// - Throws: A fault where the text cannot be read so; the value itself is not checked further.
    public func coerce(_ text: String, at path: String) throws(SchemaFault) -> Value {
        switch shape {
        case .string, .text: return .string(text)
        case .boolean:
            guard let value = Bool(text) else { throw mismatch(path) }
            return .bool(value)
        case .integer:
            guard let value = Int(text) else { throw mismatch(path) }
            return .integer(value)
        case .number:
            if let value = Int(text) { return .integer(value) }
            guard let value = Double(text), value.isFinite else { throw mismatch(path) }
            return .number(value)
        case .array(let element):
            if text.first == "[" { return try yaml(text, at: path) }
            guard !text.isEmpty else { return [] }
            var values: [Value] = []
            for (index, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
                let trimmed = part.drop { $0 == " " }
                values.append(try element.coerce(String(trimmed), at: "\(path)[\(index)]"))
            }
            return .array(values)
        case .object, .map, .template, .any: return try yaml(text, at: path)
        case .oneOf(let options):
            for option in options {
                if let value = try? option.coerce(text, at: path), option.check(value, at: path).isEmpty {
                    return value
                }
            }
            return .string(text)
        }
    }

    private func mismatch(_ path: String) -> SchemaFault {
        SchemaFault(
            code: .wrongType, path: path, message: "must be \(wanted)", remedy: "write \(wanted)", segments: [])
    }

    private func yaml(_ text: String, at path: String) throws(SchemaFault) -> Value {
        let (documents, errors) = YAMLDocument.read(text, file: path)
        if let error = errors.first {
            throw SchemaFault(
                code: error.code, path: path, message: "cannot be read: \(error.message)", remedy: error.remedy,
                segments: [])
        }
        guard let document = documents.first, documents.count == 1 else { return .string(text) }
        return document.value
    }
}
