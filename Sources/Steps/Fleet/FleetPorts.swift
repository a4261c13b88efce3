import Workflow

/// Whether the NodePorts suffice for all tenants wanted, by the registry alone: what other Services of the cluster hold
/// comes on top, and is found out by each tenant's run.
package enum FleetPorts {
    /// The range that the shipped workflow takes windows from.
    private static let range = 30000...32767

    /// - Returns: The tenants that get no window, in the order of the file.
    package static func lacking(_ wanted: [WantedTenant], leases: [PortLease]) -> [String] {
        let own = Dictionary(leases.map { ($0.tenant, $0.window) }) { $1 }
        var taken = leases.reduce(into: Set<Int>()) { $0.formUnion($1.window.ports) }
        return wanted.compactMap { tenant in
            let ports = tenant.inputs["ports"]
            guard ports?["enabled"] == true, let count = ports?["count"]?.integerValue else { return nil }
            if let window = own[tenant.name] {
                guard window.size != count else { return nil }
                taken.subtract(window.ports)
            }
            guard let window = PortWindow.lowest(of: count, in: range, besides: taken) else { return tenant.name }
            taken.formUnion(window.ports)
            return nil
        }
    }
}
