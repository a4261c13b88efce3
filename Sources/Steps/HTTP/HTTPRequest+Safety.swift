import Foundation

extension HTTPRequest {
    /// Refuses what libcurl would take and should not: another scheme, credentials in the URL, a second header in a value.
    func check() throws(HTTPFailure) {
        func refuse(_ message: String) -> HTTPFailure {
            HTTPFailure(.invalidRequest, .notSent, request: description, message: message)
        }
        guard let address = HTTPAddress(url) else { throw refuse("this is not a URL") }
        guard ["http", "https"].contains(address.scheme) else { throw refuse("only http and https are spoken here") }
        guard !address.hasCredentials else {
            throw refuse("the URL holds a user or password; give them as the request's authorization")
        }
        let tokens = CharacterSet(charactersIn: "!#$%&'*+-.^_`|~").union(.alphanumerics)
        for header in headers {
            guard !header.name.isEmpty, header.name.unicodeScalars.allSatisfy({ $0.isASCII && tokens.contains($0) })
            else {
                throw refuse("a header has a name that is none")
            }
            guard !header.value.unicodeScalars.contains(where: { $0 == "\r" || $0 == "\n" || $0 == "\0" }) else {
                throw refuse("header '\(header.name)' holds a line break")
            }
        }
        if case .bearer(let token) = authorization {
            guard !token.unicodeScalars.contains(where: { $0.value <= 32 }) else {
                throw refuse("the bearer token holds a space or line break")
            }
        }
    }

    /// `text` without anything in it that this request keeps secret.
    func withoutSecrets(_ text: String) -> String {
        var secrets: [String] = []
        switch authorization {
        case .basic(let user, let password):
            secrets = [password, Data("\(user):\(password)".utf8).base64EncodedString()]
        case .bearer(let token): secrets = [token]
        case nil: break
        }
        if let query = HTTPAddress(url)?.query { secrets.append(query) }
        return secrets.filter { !$0.isEmpty }.reduce(text) { $0.replacingOccurrences(of: $1, with: "[secret]") }
    }
}
