/// What a user may do.
enum Role: String, Codable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case system, root, admin, superuser, user, annotator, guest

    var description: String { rawValue }

    static let operators = [Role.system, .root]
    static let administrators = [Role.system, .root, .admin]
}
