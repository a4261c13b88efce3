import Steps
import Testing
import Workflow

struct FleetPortsTests {
    private func tenant(_ name: String, _ count: Int, enabled: Bool = true) -> WantedTenant {
        WantedTenant(name: name, inputs: ["ports": ["enabled": .bool(enabled), "count": .integer(count)]])
    }

    private func lease(_ name: String, _ start: Int, _ size: Int) -> PortLease {
        PortLease(
            tenant: name, window: PortWindow(startingPort: start, size: size), run: "run",
            at: Timestamp(milliseconds: 0))
    }

    @Test("2767 ports are enough for 276 windows of 10, and the tenant after them is named")
    func exhaustion() {
        let wanted = (1...276).map { tenant("t\($0)", 10) }
        #expect(FleetPorts.lacking(wanted, leases: []) == [])
        #expect(FleetPorts.lacking(wanted + [tenant("late", 10)], leases: []) == ["late"])
        #expect(FleetPorts.lacking(wanted + [tenant("small", 7), tenant("off", 10, enabled: false)], leases: []) == [])
    }

    @Test("what is leased counts, also of tenants that are not in the file; an own window that fits asks for nothing")
    func leases() {
        let others = [lease("stranger", 30000, 2760)]
        #expect(FleetPorts.lacking([tenant("acme", 8)], leases: others) == ["acme"])
        #expect(FleetPorts.lacking([tenant("acme", 7)], leases: others) == [])
        #expect(FleetPorts.lacking([tenant("stranger", 2760), tenant("acme", 8)], leases: others) == ["acme"])
        // Another number of ports is leased anew, in place of the old.
        #expect(FleetPorts.lacking([tenant("stranger", 2767)], leases: others) == [])
    }
}
