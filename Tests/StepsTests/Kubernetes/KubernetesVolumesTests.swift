import Steps
import TestSupport
import Testing
import Workflow

/// Volumes of a cluster that is a list: what the kinds change in it, kubectl would.
struct KubernetesVolumesTests {
    /// A kubectl that knows volumes, claims, namespaces and definitions.
    private final class ListedCluster: Sendable {
        let volumes: Locked<[String: Value]>

        init(_ volumes: [String: Value]) { self.volumes = Locked(volumes) }

        static func volume(_ name: String, of claim: String, _ policy: String, phase: String = "Bound") -> Value {
            let parts = claim.split(separator: "/").map(String.init)
            return [
                "metadata": ["name": .string(name)],
                "spec": [
                    "claimRef": ["namespace": .string(parts[0]), "name": .string(parts[1])],
                    "capacity": ["storage": "1Gi"], "persistentVolumeReclaimPolicy": .string(policy),
                ],
                "status": ["phase": .string(phase)],
            ]
        }

        func answer(_ arguments: [String]) -> String {
            func list(_ items: [Value]) -> String { Value.object(["items": .array(items)]).canonicalJSON }
            switch arguments.prefix(2).joined(separator: " ") {
            case "get persistentvolumes": return list(volumes.with { $0.sorted { $0.key < $1.key }.map(\.value) })
            case "get persistentvolumeclaims":
                return list([
                    ["metadata": ["namespace": "shops", "name": "orders"]],
                    ["metadata": ["namespace": "elsewhere", "name": "theirs"]],
                ])
            case "get customresourcedefinitions":
                let groups = ["shop.example.com", "parts.shop.example.com", "workshop.example.com"]
                return list(
                    groups.map { ["metadata": ["name": .string("toys.\($0)")], "spec": ["group": .string($0)]] })
            case "get namespace": return arguments[2] == "shops" ? "namespace/shops" : ""
            case "patch persistentvolume":
                volumes.with { volumes in
                    guard let patch = try? Value(json: arguments.last ?? ""), let old = volumes[arguments[2]] else {
                        return
                    }
                    volumes[arguments[2]] = old.merged(with: patch)
                }
                return ""
            default: return ""
            }
        }

        var policies: [String] {
            volumes.with { volumes in
                volumes.sorted { $0.key < $1.key }
                    .map { "\($0.key) \($0.value["spec"]?["persistentVolumeReclaimPolicy"]?.stringValue ?? "")" }
            }
        }

        /// Its claim is deleted, and the volume is left.
        func release(_ name: String) {
            volumes.with { $0[name] = $0[name]?.merged(with: ["status": ["phase": "Released"]]) }
        }
    }

    private static func cluster() -> ListedCluster {
        ListedCluster([
            "pv-a": ListedCluster.volume("pv-a", of: "shops/orders", "Delete"),
            "pv-b": ListedCluster.volume("pv-b", of: "shops/images", "Retain"),
            "pv-c": ListedCluster.volume("pv-c", of: "shops/logs", "Delete"),
            "pv-d": ListedCluster.volume("pv-d", of: "elsewhere/theirs", "Delete"),
            // Nobody has claimed it yet.
            "pv-e": ["metadata": ["name": "pv-e"], "spec": ["persistentVolumeReclaimPolicy": "Delete"]],
        ])
    }

    private func volumes(_ programs: ScriptedPrograms, _ reclaim: String) throws -> StepProbe {
        try StepProbe(
            KubernetesVolumes(try programs.access()), ["namespaces": ["shops", "gone"], "reclaim": .string(reclaim)])
    }

    @Test("the volumes of the namespaces alone get the policy, once, and get theirs back")
    func retained() async throws {
        let cluster = Self.cluster()
        let before = cluster.policies
        let programs = ScriptedPrograms(cluster.answer)
        let step = try volumes(programs, "Retain")
        guard case .differs(let changes, let prior) = try await step.observe() else {
            Issue.record("two of them differ")
            return
        }
        #expect(
            changes == [
                Change("PersistentVolume pv-a of claim shops/orders reclaim policy", from: "Delete", to: "Retain"),
                Change("PersistentVolume pv-c of claim shops/logs reclaim policy", from: "Delete", to: "Retain"),
            ])
        #expect(try await step.apply(prior: prior).values["volumes"] == ["pv-a", "pv-b", "pv-c"])
        #expect(cluster.policies == ["pv-a Retain", "pv-b Retain", "pv-c Retain", "pv-d Delete", "pv-e Delete"])
        #expect(try await step.isPresent())
        #expect(programs.asked.count { $0.contains("patch") } == 2)
        #expect(try await step.revert(prior: prior) == [])
        #expect(cluster.policies == before)
    }

    @Test("a rollback leaves a volume that its former policy would delete now, and one that was changed since")
    func released() async throws {
        let cluster = Self.cluster()
        let step = try volumes(ScriptedPrograms(cluster.answer), "Retain")
        let prior = try await step.prior()
        _ = try await step.apply(prior: prior)
        cluster.release("pv-a")
        let recycling: Value = ["spec": ["persistentVolumeReclaimPolicy": "Recycle"]]
        cluster.volumes.with { $0["pv-c"] = $0["pv-c"]?.merged(with: recycling) }
        let left = try await step.revert(prior: prior)
        #expect(
            left == ["PersistentVolume pv-a of claim shops/orders stays with the policy Retain: its claim is gone"])
        #expect(cluster.policies == ["pv-a Retain", "pv-b Retain", "pv-c Recycle", "pv-d Delete", "pv-e Delete"])
    }

    @Test("what an uninstall leaves is listed, of these namespaces and groups alone")
    func leftovers() async throws {
        let cluster = Self.cluster()
        cluster.release("pv-b")
        let programs = ScriptedPrograms(cluster.answer)
        let step = try StepProbe(
            KubernetesLeftovers(try programs.access()),
            ["namespaces": ["shops", "gone"], "groups": ["shop.example.com"]])
        let data: [Value] = [
            "PersistentVolumeClaim shops/orders",
            "PersistentVolume pv-a of claim shops/orders (1Gi, in use by it)",
            "PersistentVolume pv-b of claim shops/images (1Gi, its claim is gone)",
            "PersistentVolume pv-c of claim shops/logs (1Gi, in use by it)",
        ]
        let others: [Value] = [
            "namespace shops", "CustomResourceDefinition toys.shop.example.com",
            "CustomResourceDefinition toys.parts.shop.example.com",
        ]
        let output = try await step.apply()
        #expect(
            output.values == [
                "lines": .array(data + others), "data": .array(data),
                "claims": [["namespace": "shops", "name": "orders"]],
            ])
        #expect(programs.asked.allSatisfy { $0.first == "get" }, "it looks, and that is all")
    }
}
