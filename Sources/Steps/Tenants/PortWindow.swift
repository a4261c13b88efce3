package import Workflow

/// The NodePorts of one tenant's sessions.
///
/// The charts count from one above what they are told: with `startingPort: 30000` and `maxServices: 10` they use 30001 to
/// 30010. Windows are told apart by the ports that are used, so one may begin where another ends.
package struct PortWindow: Hashable, Sendable, Codable {
    /// As the charts want it: one below the first port.
    package let startingPort: Int
    /// How many ports there are; `maxServices` of the charts.
    package let size: Int

    package init(startingPort: Int, size: Int) {
        self.startingPort = startingPort
        self.size = size
    }

    package var first: Int { startingPort + 1 }
    package var last: Int { startingPort + size }
    package var ports: ClosedRange<Int> { first...last }

    package var text: String { "\(first)–\(last)" }

    /// The lowest window of so many ports within a range of which none is taken; nil where there is none.
    ///
    /// `startingPort` lies within the range too, so that a chart that checks it finds a NodePort.
    package static func lowest(of size: Int, in range: ClosedRange<Int>, besides taken: Set<Int>) -> PortWindow? {
        var window = PortWindow(startingPort: range.lowerBound, size: size)
        while window.last <= range.upperBound {
            guard let obstacle = window.ports.last(where: taken.contains) else { return window }
            window = PortWindow(startingPort: obstacle, size: size)
        }
        return nil
    }
}

/// A window, and whose it is.
package struct PortLease: Hashable, Sendable, Codable {
    package let tenant: String
    package let window: PortWindow
    /// The run that took it.
    package let run: String
    package let at: Timestamp

    package init(tenant: String, window: PortWindow, run: String, at: Timestamp) {
        self.tenant = tenant
        self.window = window
        self.run = run
        self.at = at
    }
}
