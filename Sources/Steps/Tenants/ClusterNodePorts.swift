import Workflow

/// The NodePorts that Services of a cluster hold, by port.
struct ClusterNodePorts {
    /// The Service that holds a port, as `namespace/name`.
    private(set) var holders: [Int: String] = [:]

    /// - Parameter namespace: Services there are the tenant's own, and do not count.
    init(_ kubectl: Kubectl, besides namespace: String?) async throws(StepError) {
        let services = try await kubectl.items(["get", "services", "--all-namespaces"], object: "services")
        for service in services {
            let metadata = service["metadata"]
            let (home, name) = (metadata?["namespace"]?.stringValue, metadata?["name"]?.stringValue)
            guard home != namespace, let spec = service["spec"] else { continue }
            let ports = (spec["ports"]?.arrayValue ?? []).map { $0["nodePort"] } + [spec["healthCheckNodePort"]]
            for case .integer(let port)? in ports { holders[port] = "\(home ?? "")/\(name ?? "")" }
        }
    }
}
