import Steps
import TestSupport
import Testing
import Workflow

struct TenantPortsTests {
    @Test("each tenant gets the lowest window that is free, keeps it, and a freed one is used again")
    func leases() async throws {
        let world = try TenantWorld()
        let first = try await world.ports(["tenant": "a", "size": 100]).take()
        #expect(first.output.values == ["starting_port": 30000, "max_services": 100, "first": 30001, "last": 30100])
        let second = try world.ports(run: "r2", ["tenant": "b"])
        #expect(try await second.take().output.values["starting_port"] == 30100)
        #expect(try await second.isPresent())
        #expect(try await world.ports(run: "r3", ["tenant": "b"]).isPresent())

        #expect(try await world.ports(["tenant": "a", "size": 100]).revert(prior: first.prior) == [])
        #expect(try await world.registry.leases().map(\.tenant) == ["b"])
        #expect(try await world.ports(["tenant": "c", "size": 50]).take().output.values["starting_port"] == 30000)
    }

    @Test("windows that many tenants lease at the same time, from two openings of the file, do not overlap")
    func concurrent() async throws {
        let world = try TenantWorld()
        let other = try world.reopened()
        let access = ClusterAccess(
            processes: ProcessRunner(environment: [:]),
            files: try PrivateFiles(environment: ["TMPDIR": world.folder.path]))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                let kind = TenantPorts(index.isMultiple(of: 2) ? world.registry : other, access)
                group.addTask {
                    try await RegistryStep(
                        kind, ["tenant": .string("t\(index)"), "cluster": false, "size": .integer(1 + index % 7)],
                        run: "r\(index)"
                    ).take()
                }
            }
            try await group.waitForAll()
        }
        let leases = try await world.registry.leases()
        #expect(leases.count == 60)
        for (lower, upper) in zip(leases, leases.dropFirst()) { #expect(lower.window.last < upper.window.first) }
        // Without gaps: all of them are the lowest that were free.
        #expect(leases.last?.window.last == 30000 + leases.map(\.window.size).reduce(0, +))
    }

    @Test("where no window is free that is said before anything is done, and who has them")
    func exhaustion() async throws {
        let world = try TenantWorld()
        let range: [String: Value] = ["first": 30000, "last": 30010, "size": 5]
        for tenant in ["a", "b"] {
            try await world.ports(range.merging(["tenant": .string(tenant)]) { $1 }).take()
        }
        let third = try world.ports(range.merging(["tenant": "c"]) { $1 })
        let error = try #require(await #expect(throws: StepError.self) { try await third.observe() })
        #expect(error.kind == .conflict)
        #expect(error.message.contains("no 5 ports in a row are free in 30000–30010: 2 tenants have windows"))
        #expect(error.remedy != nil)
        #expect(try await world.registry.leases().count == 2)
    }

    @Test("a window that is named is taken where it is free, and refused where it is not")
    func named() async throws {
        let world = try TenantWorld()
        try await world.ports(["tenant": "a", "starting_port": 30500]).take()
        let overlap = try await world.ports(["tenant": "b", "starting_port": 30505]).refusal()
        #expect(overlap.message.contains("overlap with 30501–30510 of tenant 'a'"))
        let outside = try await world.ports(["tenant": "b", "starting_port": 32760]).refusal()
        #expect(outside.kind == .permanent)
        #expect(try await world.ports(["tenant": "b", "starting_port": 32757]).take().output.values["last"] == 32767)
    }

    @Test("another size means another window, and a revert brings the old one back where it is still free")
    func resized() async throws {
        let world = try TenantWorld()
        try await world.ports(["tenant": "a"]).take()
        try await world.ports(["tenant": "b"]).take()
        let wider = try world.ports(run: "r2", ["tenant": "a", "size": 30])
        guard case .differs(let changes, let prior) = try await wider.observe() else {
            Issue.record("it has to differ")
            return
        }
        #expect(changes.map(\.to) == ["30021–30050"])
        try await wider.take()
        try await world.ports(run: "r3", ["tenant": "c"]).take()
        #expect(
            try await wider.revert(prior: prior) == ["tenant a: its former ports 30001–30010 are somebody else's now"])
        #expect(try await world.registry.leases().map(\.tenant) == ["c", "b"])
    }

    @Test("a revert leaves what another run has leased since")
    func foreignLease() async throws {
        let world = try TenantWorld()
        let step = try world.ports(["tenant": "a"])
        let prior = try await step.take().prior
        _ = try await step.revert(prior: prior)
        try await world.ports(run: "r2", ["tenant": "a"]).take()
        _ = try await step.revert(prior: prior)
        #expect(try await world.registry.leases().map(\.run) == ["r2"])
    }

    @Test(
        "ports of the cluster's Services are left alone, but for those of the tenant itself",
        .enabled(if: TestCluster.isThere, TestCluster.hint))
    func cluster() async throws {
        let world = try TenantWorld()
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            let service = """
                { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "held", "namespace": "\(namespace)" },
                  "spec": { "type": "NodePort", "selector": { "app": "none" }, "ports": [{ "port": 80 }] } }
                """
            try await TestCluster.kubectl("apply", "-f", "-", input: service)
            let port = try #require(
                Int(
                    try await TestCluster.kubectl(
                        "get", "service", "held", "-n", namespace, "-o", "jsonpath={.spec.ports[0].nodePort}")))
            func step(_ tenant: String, _ more: [String: Value]) throws -> RegistryStep {
                let with: [String: Value] = ["tenant": .string(tenant), "starting_port": .integer(port - 1), "size": 1]
                return try RegistryStep(
                    TenantPorts(world.registry, TestCluster.access()), with.merging(more) { $1 }, run: "r1")
            }
            #expect(try await step("a", [:]).refusal().message == "port \(port) is held by Service \(namespace)/held")
            #expect(
                try await step("b", ["namespace": .string(namespace)]).take().output.values["first"] == .integer(port))
        }
    }
}
