import CCurl

/// A URL taken apart by libcurl itself, so that what is checked is what will be used.
struct HTTPAddress: Hashable, Sendable {
    let scheme: String
    let host: String
    /// Also set where the URL leaves it to the scheme.
    let port: String
    let path: String
    /// Without `?`; nil if there is none.
    let query: String?
    let hasCredentials: Bool

    init?(_ url: String) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
        func part(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST) else { return nil }
        self.scheme = scheme.lowercased()
        self.host = host.lowercased()
        port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT) ?? ""
        path = part(CURLUPART_PATH) ?? "/"
        query = part(CURLUPART_QUERY)
        hasCredentials = part(CURLUPART_USER) != nil || part(CURLUPART_PASSWORD) != nil
    }

    /// Same scheme, host and port: what may see the same credentials.
    func hasSameOrigin(as other: HTTPAddress) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    private static let defaultPorts = ["http": "80", "https": "443"]

    /// Without user, password, query and fragment: fit for errors and logs.
    var display: String {
        let port = port == Self.defaultPorts[scheme] ? "" : ":\(port)"
        return "\(scheme)://\(host)\(port)\(path)"
    }

    /// The display form of any text that was given as a URL.
    static func display(of url: String) -> String {
        HTTPAddress(url)?.display ?? "[not a URL]"
    }
}
