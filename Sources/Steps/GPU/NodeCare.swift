/// What all steps that look after nodes work with.
package struct NodeCare: Sendable {
    let access: ClusterAccess
    /// Says which nodes are left alone.
    let guardian: NodeGuard
    /// Measures waits.
    let clock: any Clock<Duration>

    package init(_ access: ClusterAccess, _ guardian: NodeGuard, clock: any Clock<Duration>) {
        self.access = access
        self.guardian = guardian
        self.clock = clock
    }
}
