import Glibc

/// Takes secret values out of everything that leaves a step: as they are, and in the forms of `SecretForms`, also where
/// the text that holds them is URL-encoded or a JSON string.
///
/// Works on UTF-8 bytes and marks before it masks, so that of two secrets that overlap in a text nothing is left. One
/// pass over the text and each of its meanings, however many secrets there are.
public struct Redactor: Sendable {
    private static let mask = Array("***".utf8)

    private var secrets: Set<String> = []
    private var needles: Set<[UInt8]> = []
    /// What is looked for by its first three bytes (the least a needle has), longest first.
    private var byStart: [UInt32: [[UInt8]]] = [:]
    /// A bit for each pair of bytes that a needle starts with: most places of a text are passed over with one look.
    /// Empty as long as there are none: most runs have no secret, and this is the largest part of one in memory.
    private var pairs: [UInt64] = []

    public init(_ secrets: some Sequence<String> = []) {
        add(secrets)
    }

    /// Adds secrets that became known later.
    public mutating func add(_ secrets: some Sequence<String>) {
        for secret in secrets where self.secrets.insert(secret).inserted {
            for needle in SecretForms(of: secret).needles where needles.insert(needle).inserted { index(needle) }
        }
    }

    /// Adds every text in these values.
    mutating func add(textsIn values: some Sequence<Value>) {
        for value in values {
            switch value {
            case .string(let text): add([text])
            case .array(let elements): add(textsIn: elements)
            case .object(let members): add(textsIn: members.values)
            case .null, .bool, .integer, .number: break
            }
        }
    }

    public func redact(_ text: String) -> String {
        if needles.isEmpty { return text }
        var text = text
        return text.withUTF8 { bytes in
            let found = occurrences(in: bytes)
            if found.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            var kept: [UInt8] = []
            kept.reserveCapacity(bytes.count)
            var position = 0
            for range in found {
                kept.append(contentsOf: bytes[position..<range.lowerBound])
                kept.append(contentsOf: Self.mask)
                position = range.upperBound
            }
            kept.append(contentsOf: bytes[position...])
            return String(decoding: kept, as: UTF8.self)
        }
    }

    /// Keys are redacted too, and a number that is a secret becomes the mask: an all-digit secret may have become one
    /// on its way.
    public func redact(_ value: Value) -> Value {
        if needles.isEmpty { return value }
        return switch value {
        case .string(let text): .string(redact(text))
        case .array(let elements): .array(elements.map(redact))
        case .object(let members):
            // Keys that become the same leave the last of them in the order of their names, always the same one.
            .object(
                Dictionary(
                    members.sorted { $0.key < $1.key }.map { (redact($0.key), redact($0.value)) },
                    uniquingKeysWith: { $1 }))
        case .integer, .number:
            finds(in: value) ? .string(String(decoding: Self.mask, as: UTF8.self)) : value
        case .null, .bool: value
        }
    }

    /// The values of all names; the names stay.
    func redact(_ values: [String: Value]) -> [String: Value] { needles.isEmpty ? values : values.mapValues(redact) }

    public func redact(_ error: StepError) -> StepError {
        StepError(
            error.kind, redact(error.message), object: error.object.map(redact), remedy: error.remedy.map(redact))
    }

    /// Whether the value holds a secret, in any of the forms.
    public func finds(in value: Value) -> Bool {
        switch value {
        case .string(let text): finds(in: text)
        case .array(let elements): elements.contains(where: finds)
        case .object(let members): members.contains { finds(in: $0.key) || finds(in: $0.value) }
        // As a whole: the digits of a secret are found within many a number.
        case .integer, .number: needles.contains(Array(value.canonicalJSON.utf8))
        case .null, .bool: false
        }
    }

    private func finds(in text: String) -> Bool {
        if needles.isEmpty { return false }
        var text = text
        return text.withUTF8 { !occurrences(in: $0).isEmpty }
    }

    private mutating func index(_ needle: [UInt8]) {
        let (pair, start) = Self.start(of: needle[0], needle[1], needle[2])
        if pairs.isEmpty { pairs = [UInt64](repeating: 0, count: 1 << 10) }
        pairs[pair >> 6] |= 1 << UInt64(pair & 63)
        byStart[start, default: []].append(needle)
        byStart[start]?.sort { $0.count > $1.count }
    }

    /// The stretches to mask, in order; those that touch or overlap are one.
    private func occurrences(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        let plain = search(text)
        guard text.contains(where: { DecodedText.marks.contains($0) }) else { return plain }
        let whole = DecodedText(text)
        let meanings: [(DecodedText) -> DecodedText?] = [
            { $0.unescaped() }, { $0.percentDecoded(plusIsSpace: false) }, { $0.percentDecoded(plusIsSpace: true) },
        ]
        var more: [Range<Int>] = []
        for meaning in meanings {
            // Twice, as JSON travels within JSON, and URLs within URLs.
            guard let once = meaning(whole) else { continue }
            for decoded in [once, meaning(once)] {
                guard let decoded else { continue }
                more += decoded.bytes.withUnsafeBufferPointer(search).map(decoded.origin)
            }
        }
        if more.isEmpty { return plain }
        var merged: [Range<Int>] = []
        for range in (plain + more).sorted(by: { $0.lowerBound < $1.lowerBound }) { Self.append(range, to: &merged) }
        return merged
    }

    private func search(_ text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        guard let base = text.baseAddress, text.count >= SecretForms.shortest else { return [] }
        return pairs.withUnsafeBufferPointer { pairs in
            var found: [Range<Int>] = []
            for position in 0...(text.count - SecretForms.shortest) {
                let (pair, start) = Self.start(of: text[position], text[position + 1], text[position + 2])
                guard pairs[pair >> 6] & (1 << UInt64(pair & 63)) != 0, let candidates = byStart[start],
                    let needle = candidates.first(where: { candidate in
                        candidate.count <= text.count - position
                            && memcmp(base + position, candidate, candidate.count) == 0
                    })
                else { continue }
                Self.append(position..<(position + needle.count), to: &found)
            }
            return found
        }
    }

    private static func append(_ range: Range<Int>, to ranges: inout [Range<Int>]) {
        if let last = ranges.last, range.lowerBound <= last.upperBound {
            ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
            ranges.append(range)
        }
    }

    private static func start(of first: UInt8, _ second: UInt8, _ third: UInt8) -> (pair: Int, start: UInt32) {
        let pair = Int(first) << 8 | Int(second)
        return (pair, UInt32(pair) << 8 | UInt32(third))
    }
}
