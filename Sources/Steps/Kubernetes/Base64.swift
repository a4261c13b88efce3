import Foundation

/// Base64 as the `data` of a Secret has it.
enum Base64 {
    static func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Nil where the text is no base64, or what it holds is no UTF-8.
    static func decoded(_ text: String) -> String? {
        Data(base64Encoded: text).flatMap { String(bytes: $0, encoding: .utf8) }
    }
}
