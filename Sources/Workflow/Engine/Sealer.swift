import Crypto
public import Foundation

/// Encrypts the secrets that a run has to keep, with AES-GCM under a key that is kept outside the journal.
public struct Sealer: Sendable {
    private let key: SymmetricKey

    /// - Parameter key: 32 bytes.
    public init(key: Data) throws(SealError) {
        guard key.count == 32 else {
            throw SealError("the key must have 32 bytes, not \(key.count)")
        }
        self.key = SymmetricKey(data: key)
    }

    /// Seals named secrets.
    ///
    /// - Parameter context: What they belong to, such as the run and step: opening needs the same, so that a sealed
    ///   text cannot be moved to another place.
    public func seal(_ secrets: [String: String], context: String) throws -> String {
        try seal(values: secrets.mapValues { .string($0) }, context: context)
    }

    /// Seals named values.
    func seal(values: [String: Value], context: String) throws -> String {
        let text = Data(Value.object(values).canonicalJSON.utf8)
        let box = try AES.GCM.seal(text, using: key, authenticating: Data(context.utf8))
        guard let combined = box.combined else { throw SealError("the sealed text has no standard nonce") }
        return combined.base64EncodedString()
    }

    /// Opens what `seal` made of texts.
    public func open(_ sealed: String, context: String) throws -> [String: String] {
        try values(in: sealed, context: context).compactMapValues(\.stringValue)
    }

    /// Opens what `seal` made.
    func values(in sealed: String, context: String) throws -> [String: Value] {
        guard let data = Data(base64Encoded: sealed) else { throw SealError("the sealed text is not base64") }
        do {
            let text = try AES.GCM.open(
                AES.GCM.SealedBox(combined: data), using: key, authenticating: Data(context.utf8))
            return try Value(json: text).objectValue ?? [:]
        } catch {
            throw SealError("the secrets of \(context) cannot be opened with this key")
        }
    }
}

/// Why secrets could not be sealed or opened.
public struct SealError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String {
        "\(message)\n  fix: use the key file this journal was written with ('key' in the runner's home), or bind the "
            + "secrets anew with 'runner resume RUN --secret NAME=SOURCE'"
    }
}
