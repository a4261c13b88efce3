import Foundation

/// What is sent back, before any fault befalls it.
struct Answer: Sendable {
    var status = 200
    var type = "application/json"
    /// Other headers, by name.
    var headers: [String: String] = [:]
    var body = Data()

    static func json(_ value: JSON, status: Int = 200) throws -> Answer {
        Answer(status: status, body: try value.text())
    }

    static func json(_ value: some Encodable) throws -> Answer {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys]
        return Answer(body: try encoder.encode(value))
    }

    static func text(_ text: String, status: Int = 200) -> Answer {
        Answer(status: status, type: "text/plain", body: Data(text.utf8))
    }

    /// The page of a proxy that gets no answer from behind it.
    static func page(_ status: Int) -> Answer {
        let reasons = [429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"]
        let title = "\(status) \(reasons[status] ?? "Error")"
        let page = "<html>\r\n<head><title>\(title)</title></head>\r\n<body>\r\n<center><h1>\(title)</h1></center>\r\n"
            + "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        return Answer(status: status, type: "text/html", body: Data(page.utf8))
    }
}
