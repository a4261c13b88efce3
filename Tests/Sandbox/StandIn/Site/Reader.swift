/// Who may read a folder: one pair of credentials, which may be replaced as a token is that has run out.
actor Reader {
    private let first: BasicCredentials
    private var credentials: BasicCredentials

    init(_ credentials: BasicCredentials) {
        first = credentials
        self.credentials = credentials
    }

    func admits(_ authorization: String?) -> Bool { credentials.match(authorization) }

    /// From now on only these are let in.
    func change(to credentials: BasicCredentials) { self.credentials = credentials }

    func reset() { credentials = first }
}
