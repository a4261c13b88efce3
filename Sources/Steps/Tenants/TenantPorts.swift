package import Workflow

/// `tenant.ports`: a window of NodePorts that no other tenant and no other Service has.
package struct TenantPorts: StepKind {
    package let name = "tenant.ports"
    package let summary = "Leases a window of NodePorts for a tenant's sessions: the lowest that nobody else has."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Tenant.nameParameter,
            Parameter("size", .integer(1...2767), default: 10, "How many ports; `maxServices` of the charts."),
            Parameter(
                "starting_port", .integer(1...65534),
                "`startingPort` of a window that the tenant has already; the charts begin one above it."),
            Parameter("first", .integer(1...65535), default: 30000, "The first NodePort of the cluster."),
            Parameter("last", .integer(1...65535), default: 32767, "The last one."),
            Parameter("cluster", .boolean, default: true, "Looks which ports the cluster's Services hold."),
            Parameter("namespace", .string, "The tenant's namespace: Services there are its own."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("starting_port", .integer, "`startingPort` for the charts: one below the first port."),
        Parameter("max_services", .integer, "`maxServices` for the charts: the number of ports."),
        Parameter("first", .integer, "The first port."), Parameter("last", .integer, "The last port."),
    ]

    private let registry: any TenantRegistry
    private let access: ClusterAccess

    package init(_ registry: any TenantRegistry, _ access: ClusterAccess) {
        self.registry = registry
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input)
        let leases = try await registry.leases()
        let own = leases.first { $0.tenant == wish.tenant }
        if let own, wish.isMet(by: own.window) { return .present(Self.output(own.window)) }
        let prior: Value = ["lease": try own.map { try Value(encoding: $0) } ?? .null]
        // Found out now, before anything else of the tenant is made.
        let window = try wish.window(besides: leases, held: try await heldPorts(input, wish))
        guard let own else { return .absent(prior: prior) }
        return .differs(
            [Change("ports of tenant \(wish.tenant)", from: .string(own.window.text), to: .string(window.text))],
            prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try Wish(input)
        let held = try await heldPorts(input, wish)
        let now = registry.now()
        let lease = try await registry.changeLease(of: wish.tenant) { own, others in
            if let own, wish.isMet(by: own.window) { return own }
            return PortLease(
                tenant: wish.tenant, window: try wish.window(besides: others, held: held), run: context.run, at: now)
        }
        guard let lease else { throw StepError(.permanent, "the lease is gone", object: "tenant \(wish.tenant)") }
        context.log(.note, "ports \(lease.window.text)")
        return Self.output(lease.window)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let tenant = try Wish(input).tenant
        let previous = try prior?["lease"].flatMap { try $0.isNull ? nil : $0.decoded(as: PortLease.self) }
        let lease = try await registry.changeLease(of: tenant) { own, others in
            guard own?.run == context.run else { return own }
            let isFree = !others.contains { $0.window.ports.overlaps(previous?.window.ports ?? 0...0) }
            return isFree ? previous : nil
        }
        guard let previous, lease == nil else { return [] }
        return ["tenant \(tenant): its former ports \(previous.window.text) are somebody else's now"]
    }

    private func heldPorts(_ input: StepInput, _ wish: Wish) async throws(StepError) -> [Int: String] {
        guard try input.flag("cluster") else { return [:] }
        let kubectl = Kubectl(try access.overridden(by: input))
        return try await ClusterNodePorts(kubectl, besides: wish.namespace).holders
    }

    private static func output(_ window: PortWindow) -> StepOutput {
        StepOutput([
            "starting_port": .integer(window.startingPort), "max_services": .integer(window.size),
            "first": .integer(window.first), "last": .integer(window.last),
        ])
    }
}

/// The window that a step asks for.
private struct Wish: Sendable {
    let tenant: String
    let namespace: String?
    let size: Int
    let startingPort: Int?
    let range: ClosedRange<Int>

    init(_ input: StepInput) throws(StepError) {
        tenant = try input.string("tenant")
        namespace = try input.optionalString("namespace")
        size = try input.integer("size")
        startingPort = try input["starting_port"].map { _ throws(StepError) in try input.integer("starting_port") }
        let (first, last) = (try input.integer("first"), try input.integer("last"))
        guard first < last else {
            throw StepError(.permanent, "'first' is not below 'last'", object: "first", remedy: "exchange the two")
        }
        range = first...last
    }

    func isMet(by window: PortWindow) -> Bool {
        window.size == size && window.startingPort == startingPort ?? window.startingPort
    }

    /// - Parameters:
    ///   - leases: Of all tenants; an own one is about to be freed.
    ///   - held: The Services of others that hold ports, by port.
    func window(besides leases: [PortLease], held: [Int: String]) throws(StepError) -> PortWindow {
        let others = leases.filter { $0.tenant != tenant }
        if let startingPort { return try window(at: startingPort, others, held) }
        let taken = others.reduce(into: Set(held.keys)) { $0.formUnion($1.window.ports) }
        if let window = PortWindow.lowest(of: size, in: range, besides: taken) { return window }
        let strangers = held.keys.filter { port in
            range.contains(port) && !others.contains { $0.window.ports.contains(port) }
        }
        throw StepError(
            .conflict,
            "no \(size) ports in a row are free in \(range.lowerBound)–\(range.upperBound): \(others.count) tenants have "
                + "windows, and other Services hold \(strangers.count) ports",
            object: "tenant \(tenant)",
            remedy: "ask for a smaller 'size', delete tenants that are not needed ('runner tenant list'), or give the "
                + "cluster more NodePorts and say so with 'first' and 'last'")
    }

    private func window(
        at startingPort: Int, _ others: [PortLease], _ held: [Int: String]
    ) throws(StepError) -> PortWindow {
        let window = PortWindow(startingPort: startingPort, size: size)
        guard range.contains(window.first), range.contains(window.last) else {
            throw StepError(
                .permanent, "the ports \(window.text) are not all in \(range.lowerBound)–\(range.upperBound)",
                object: "tenant \(tenant)", remedy: "correct 'starting_port' or 'size'")
        }
        let remedy = "correct 'starting_port', or leave it out for the lowest window that is free"
        if let other = others.first(where: { $0.window.ports.overlaps(window.ports) }) {
            throw StepError(
                .conflict, "the ports \(window.text) overlap with \(other.window.text) of tenant '\(other.tenant)'",
                object: "tenant \(tenant)", remedy: remedy)
        }
        if let port = window.ports.first(where: { held[$0] != nil }) {
            throw StepError(
                .conflict, "port \(port) is held by Service \(held[port] ?? "")", object: "tenant \(tenant)",
                remedy: remedy)
        }
        return window
    }
}
