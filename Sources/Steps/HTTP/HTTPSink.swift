/// Where the body of a reply goes.
enum HTTPSink: Sendable {
    case memory(limitBytes: Int)
    case file(HTTPFileSink)
}

/// `bytes 100-199/500` or `bytes */500` (RFC 9110, section 14.4).
struct HTTPContentRange: Hashable {
    let start: Int?
    let total: Int?

    init?(_ value: String?) {
        guard let value, value.hasPrefix("bytes ") else { return nil }
        let parts = value.dropFirst(6).split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        start = parts[0].split(separator: "-").first.flatMap { Int($0) }
        total = Int(parts[1])
    }
}
