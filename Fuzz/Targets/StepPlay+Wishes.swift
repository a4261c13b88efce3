import Workflow

extension StepPlay.System {
    /// The steps that are tried. A new one comes last: inputs of the corpus choose by number.
    var wishes: [(kind: String, with: [String: Value])] {
        switch self {
        case .kubectl: Self.kubernetesWishes + Self.nodeWishes
        case .helm: Self.helmWishes
        case .clearml:
            Self.clearMLWishes.map { kind, with in
                (kind, with.merging(["url": "https://api.example.com", "key": "K", "secret": "S"]) { $1 })
            }
        }
    }

    private static let kubernetesWishes: [(String, [String: Value])] = [
        ("kubernetes.apply", ["manifests": "", "namespace": "clearml"]),
        ("kubernetes.preflight", ["expected_namespaces": ["ingress"]]),
        ("kubernetes.label", ["kind": "node", "object": "n1", "labels": ["a": "b"]]),
        ("kubernetes.wait", ["kind": "deployment", "object": "api", "namespace": "clearml", "for": "rollout"]),
        ("kubernetes.scale", ["release": "api", "namespace": "clearml", "state": "stopped"]),
        ("kubernetes.secret", ["name": "keys", "namespace": "clearml", "data": ["token": "t"]]),
        ("kubernetes.absent", ["kind": "secret", "names": ["keys"], "namespace": "clearml"]),
        ("kubernetes.namespace-absent", ["namespace": "clearml"]),
        ("kubernetes.volumes", ["namespaces": ["clearml"], "reclaim": "Retain"]),
        ("kubernetes.leftovers", ["namespaces": ["clearml"]]),
    ]

    private static let nodeWishes: [(String, [String: Value])] = [
        ("gpu.nodes", [:]),
        ("gpu.clients", ["node": "n1", "state": "paused"]),
        ("gpu.mig", ["node": "n1", "gpu": "GPU-1"]),
        ("gpu.settle", ["node": "n1"]),
        ("node.drain", ["node": "n1"]),
        ("node.reboot", ["node": "n1", "boot_id": "b1"]),
        ("node.uncordon", ["node": "n1"]),
    ]

    private static let repository: Value = ["url": "https://charts.example.com", "username": "u", "password": "p"]

    private static let helmWishes: [(String, [String: Value])] = [
        (
            "helm.release",
            [
                "release": "api", "namespace": "clearml", "chart": "api", "repository": repository, "version": "1.2.3",
                "values": ["replicas": 2],
            ]
        ),
        (
            "helm.release",
            [
                "release": "api", "namespace": "clearml", "chart": "oci://charts.example.com/api", "reuse_values": true,
                "values": ["replicas": 2],
            ]
        ),
        ("helm.absent", ["release": "api", "namespace": "clearml"]),
        ("helm.releases", ["namespaces": ["clearml"]]),
        ("helm.repository", ["url": "https://charts.example.com", "charts": ["api@1.2.3", "web"]]),
        ("helm.registry", ["host": "charts.example.com", "username": "u", "password": "p"]),
    ]

    private static let company: Value = "0123456789abcdef0123456789abcdef"
    private static let user: Value = "fedcba9876543210fedcba9876543210"

    private static let clearMLWishes: [(kind: String, with: [String: Value])] = [
        ("clearml.ready", [:]),
        ("clearml.version", [:]),
        ("clearml.company", ["name": "acme"]),
        (
            "clearml.company-settings",
            ["company": company, "features": ["applications"], "formerly": ["allowed_users": 5]]
        ),
        ("clearml.company-absent", ["id": company, "name": "acme"]),
        ("clearml.user", ["company": company, "name": "Ada", "email": "ada@acme.example"]),
        ("clearml.users-absent", ["company": company, "user": user]),
        ("clearml.credentials", ["user": user, "company": company]),
        ("clearml.credentials-revoked", ["user": user, "access_keys": ["K1", "K2"]]),
        ("clearml.sso-domains", ["user": user, "domains": ["acme.example"]]),
        ("clearml.sso-domains-lookup", ["user": user]),
        ("clearml.queue", ["user": user, "name": "gpu"]),
        ("clearml.queue-absent", ["user": user, "name": "gpu"]),
        ("clearml.company-lookup", ["name": "acme"]),
        ("clearml.user-lookup", ["company": company, "email": "ada@acme.example"]),
    ]
}
