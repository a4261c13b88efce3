import Foundation

/// The API server: one world, one call at a time.
actor ClearML {
    private let started: ServerOptions
    private var options: ServerOptions
    private let storage: Storage
    private let configured: [String: ConfiguredUser]
    private let now: @Sendable () -> Date
    private var world: World

    /// - Parameter configured: Users of the server's configuration, by name.
    init(
        options: ServerOptions, storage: Storage, configured: [String: ConfiguredUser],
        now: @escaping @Sendable () -> Date
    ) throws {
        started = options
        self.options = options
        self.storage = storage
        self.configured = configured
        self.now = now
        world = try storage.load()
        world.configure(configured, now: now())
        try storage.save(world)
    }

    /// Answers a request. What it changed is on disk before the answer is given.
    ///
    /// - Returns: The reply, and the user it was for where one was recognised.
    func answer(_ request: APIRequest) throws -> (reply: Reply, identity: Call.Identity?) {
        guard let (name, version) = request.target() else {
            let error = APIError(400, 0, "Invalid request path \(request.path)")
            return (Reply(.failure(error), endpoint: "", requested: nil, actual: nil), nil)
        }
        let requested = version ?? options.version.newest
        var identity: Call.Identity?
        // Changes count only where the call succeeded, apart from a credential's last use.
        var changed = world
        let result = Result { () throws(APIError) -> JSON in
            guard let endpoint = Endpoint.all[name], endpoint.since <= min(requested, options.version.newest) else {
                throw .unknownEndpoint(name, requested.description)
            }
            return try perform(endpoint, request, on: &changed, identity: &identity)
        }
        if case .success = result {
            world = changed
            try storage.save(world)
        }
        let reply = Reply(
            result, endpoint: name, requested: requested, actual: Endpoint.all[name].map(\.since))
        return (reply, identity)
    }

    private func perform(
        _ endpoint: Endpoint, _ request: APIRequest, on world: inout World, identity: inout Call.Identity?
    ) throws(APIError) -> JSON {
        let directory = Directory(options: options)
        var identified = Call.Identity(user: "", company: "", role: .guest, isProtected: false)
        var role = Role.guest
        if case .anyone = endpoint.access {
        } else {
            let caller = try directory.caller(request.authorization, in: &world, now: now())
            try endpoint.admit(caller.role)
            role = caller.role
            identified = try directory.identity(
                of: caller, impersonating: request.impersonating, actingAs: request.actingAs, at: endpoint, in: world)
            identity = identified
        }
        let given = try request.members()
        // Members the endpoint does not know are let through unseen, as the real server lets them.
        var body: [String: JSON] = [:]
        for field in endpoint.fields {
            body[field.name] = try field.checked(given[field.name])
        }
        let call = Call(
            identity: identified, crossesCompanies: directory.crossesCompanies(role), body: body, now: now(),
            options: options)
        return try endpoint.answer(&world, call)
    }

    /// All that is remembered, for a test to look at. Holds secrets: it is a stand-in.
    func snapshot() -> World { world }

    /// Deletes a company with its users and queues, as the jobs that come with an older server do.
    func removeCompany(_ id: String) throws {
        guard id != World.defaultCompany else { return }
        let users = world.users.filter { $0.company == id }.map(\.id)
        world.credentials.removeAll { users.contains($0.user) }
        world.users.removeAll { $0.company == id }
        world.queues.removeAll { $0.company == id }
        world.companies.removeAll { $0.id == id }
        try storage.save(world)
    }

    /// Is another release from now on, with the same memory.
    func become(_ version: ServerVersion) { options.version = version }

    /// Forgets everything but the configuration.
    func reset() throws {
        options = started
        world = World()
        world.configure(configured, now: now())
        try storage.save(world)
    }
}
