package import Foundation

/// The reply of a server, whatever its status.
package struct HTTPResponse: Sendable {
    package let status: Int
    /// In the order they came.
    package let headers: [HTTPHeader]
    package let body: Data
    /// Where the server redirects to, absolute; nil if it does not.
    package let redirect: String?

    package init(status: Int, headers: [HTTPHeader] = [], body: Data = Data(), redirect: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.redirect = redirect
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as text; invalid UTF-8 is replaced by U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
