package import Foundation

/// Looks for secrets where they must not be: as they are, in base64 of any alignment, URL-encoded, in hexadecimal digits,
/// and as JSON writes them. Written apart from the program's own redaction, which it judges.
package struct SecretHunt: Sendable {
    /// What is looked for, with the number of its secret, so that no message tells one.
    private var needles: [(bytes: Data, name: String)] = []
    private var count = 0

    package init(_ secrets: [String]) {
        for secret in secrets { add(secret) }
    }

    package func adding(_ secrets: [String]) -> SecretHunt {
        var hunt = self
        for secret in secrets { hunt.add(secret) }
        return hunt
    }

    private mutating func add(_ secret: String) {
        precondition(secret.utf8.count >= 8, "too short to be told from other texts")
        count += 1
        let bytes = Data(secret.utf8)
        insert(secret, "as it is")
        for before in 0..<3 {
            // The characters at both ends depend on what stands beside it.
            let encoded = (Data(count: before) + bytes).base64EncodedString().replacing("=", with: "")
            let core = String(encoded.dropFirst(before == 0 ? 0 : before + 1).dropLast(1))
            insert(core, "base64")
            insert(core.replacing("+", with: "-").replacing("/", with: "_"), "base64")
        }
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        insert(hex, "hex")
        insert(hex.uppercased(), "hex")
        var unreserved = CharacterSet.alphanumerics
        unreserved.insert(charactersIn: "-._~")
        let percent = secret.addingPercentEncoding(withAllowedCharacters: unreserved) ?? secret
        insert(percent, "URL")
        insert(percent.replacing("%20", with: "+"), "URL")
        let json = secret.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        insert(json, "JSON")
        insert(json.replacing("/", with: "\\/"), "JSON")
    }

    private mutating func insert(_ text: String, _ form: String) {
        needles.append((Data(text.utf8), "secret \(count), \(form)"))
    }

    /// Which secrets a text holds, and how they are written there.
    package func found(in text: String) -> Set<String> { found(in: Data(text.utf8)) }

    package func found(in data: Data) -> Set<String> {
        Set(needles.filter { data.range(of: $0.bytes) != nil }.map(\.name))
    }

    /// The same for all files of a folder, at any depth, but those of these names.
    package func found(inFilesOf folder: String, besides names: Set<String> = []) -> Set<String> {
        var all: Set<String> = []
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] where !names.contains(name) {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { continue }
            all.formUnion(found(in: data).map { "\(name): \($0)" })
        }
        return all
    }
}
