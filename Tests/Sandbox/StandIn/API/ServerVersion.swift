import ArgumentParser

/// Which release of the server to be: newer ones know endpoints that older ones answer 404.
enum ServerVersion: String, Codable, Hashable, Sendable, CaseIterable, ExpressibleByArgument {
    /// Has no `tenants.*`: a company is made by `system.create_company` and deleted by hand.
    case v3_21 = "3.21"
    case v3_30 = "3.30"

    /// The newest version of the API it speaks; asked for nothing, it answers as this one.
    var newest: APIVersion {
        switch self {
        case .v3_21: APIVersion(2, 31)
        case .v3_30: APIVersion(2, 37)
        }
    }
}
