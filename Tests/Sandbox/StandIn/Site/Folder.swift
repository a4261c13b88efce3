import Foundation

/// Serves the files of a folder, whole or from where a download broke off.
struct Folder: Sendable {
    let root: URL
    /// nil lets everybody read.
    let reader: Reader?

    /// - Parameters:
    ///   - path: Inside the folder; a path that leads out of it is not found.
    ///   - range: The `Range` header; ranges but `bytes=FIRST-[LAST]` are ignored, as they may be.
    func answer(_ path: String, authorization: String?, range: String?, ifRange: String?) async throws -> Answer {
        if let reader, await !reader.admits(authorization) {
            var answer = Answer.text("401 Unauthorized\n", status: 401)
            answer.headers["WWW-Authenticate"] = "Basic realm=\"charts\""
            return answer
        }
        let parts = path.split(separator: "/")
        let file = parts.reduce(root) { $0.appending(path: String($1)) }
        guard !parts.isEmpty, !parts.contains(".."), let body = try? Data(contentsOf: file) else {
            return .text("404 Not Found\n", status: 404)
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        let modified = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let tag = "\"\(String(Int(modified), radix: 16))-\(String(body.count, radix: 16))\""
        var answer = Answer(type: type(of: file))
        answer.headers = ["Accept-Ranges": "bytes", "ETag": tag]
        guard let first = range.flatMap(firstByte), ifRange == nil || ifRange == tag else {
            answer.body = body
            return answer
        }
        guard first < body.count else {
            answer.status = 416
            answer.headers["Content-Range"] = "bytes */\(body.count)"
            return answer
        }
        let last = min(range.flatMap(lastByte) ?? body.count - 1, body.count - 1)
        guard last >= first else {
            answer.body = body
            return answer
        }
        answer.status = 206
        answer.headers["Content-Range"] = "bytes \(first)-\(last)/\(body.count)"
        answer.body = Data(body[first...last])
        return answer
    }

    private func type(of file: URL) -> String {
        switch file.pathExtension {
        case "yaml": "application/yaml"
        case "tgz": "application/gzip"
        case "zip": "application/zip"
        default: "application/octet-stream"
        }
    }

    private func firstByte(_ range: String) -> Int? {
        guard range.hasPrefix("bytes="), !range.contains(",") else { return nil }
        return range.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false).first.flatMap {
            Int($0)
        }
    }

    private func lastByte(_ range: String) -> Int? {
        range.split(separator: "-", omittingEmptySubsequences: false).last.flatMap { Int($0) }
    }
}

/// A name and a password, as HTTP's Basic scheme carries them.
struct BasicCredentials: Hashable, Codable, Sendable {
    let user: String
    let password: String

    func match(_ authorization: String?) -> Bool {
        authorization == "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
    }
}
