import Crypto
public import Foundation

/// A workflow's main file and every file it refers to, sub-workflows included: all that it takes to read it again.
public struct WorkflowBundle: Hashable, Sendable {
    /// The path of the main file among `files`.
    public let main: String
    /// The texts, by path relative to the folder that the main workflow was loaded from.
    public let files: [String: String]
    /// SHA-256 of `encoded`, in hexadecimal: the same bundle has the same hash, wherever it was loaded from.
    public let hash: String

    public init(main: String, files: [String: String]) {
        self.main = main
        self.files = files
        let digest = SHA256.hash(data: Self.encode(main: main, files: files))
        self.hash = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The bundle as bytes: canonical JSON.
    public var encoded: Data { Self.encode(main: main, files: files) }

    /// Reads what `encoded` gave.
    ///
    /// - Throws: `DecodingError` where the bytes are something else.
    public init(encoded: Data) throws {
        let contents = try JSONDecoder().decode(Contents.self, from: encoded)
        self.init(main: contents.main, files: contents.files)
    }

    private struct Contents: Decodable {
        var main: String
        var files: [String: String]
    }

    private static func encode(main: String, files: [String: String]) -> Data {
        let value: Value = ["main": .string(main), "files": .object(files.mapValues { .string($0) })]
        return Data(value.canonicalJSON.utf8)
    }
}

extension WorkflowBundle: Codable {
    public init(from decoder: any Decoder) throws {
        let contents = try Contents(from: decoder)
        self.init(main: contents.main, files: contents.files)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(main, forKey: .main)
        try container.encode(files, forKey: .files)
    }

    private enum CodingKeys: String, CodingKey {
        case main, files
    }
}
