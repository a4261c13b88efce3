import Workflow

/// Watches a node go down and come back. Asks again and again, as the API server may live on that very node.
struct NodeWatch: Sendable {
    let nodes: ClusterNodes
    let name: String
    let clock: any Clock<Duration>

    /// Whether the node is seen to go down, or has another boot id already.
    func goesDown(from bootID: String, within limit: Duration) async throws(StepError) -> Bool {
        try await node(within: limit, on: clock) { !$0.isReady || $0.bootID != bootID } != nil
    }

    /// The node once it is ready, and was booted since.
    func isBack(
        with former: String, within limit: Duration, _ context: StepContext
    ) async throws(StepError) -> ClusterNode {
        if let node = try await node(within: limit, on: clock, until: { $0.isReady && $0.bootID != former }) {
            return node
        }
        let node = try await nodes.node(name)
        let state =
            node.bootID == former
            ? "has not been rebooted: its boot id is the same"
            : "has been rebooted, and is not ready: see 'kubectl describe node \(name)'"
        throw StepError(
            .timedOut, "waited \(limit) in vain: the node \(state)", object: "node/\(name)",
            remedy: "bring it up, then resume the run: a node that has been rebooted is not rebooted again")
    }

    private func node<C: Clock<Duration>>(
        within limit: Duration, on clock: C, until isReached: (ClusterNode) -> Bool
    ) async throws(StepError) -> ClusterNode? {
        let start = clock.now
        var pause = Duration.milliseconds(500)
        while true {
            do {
                let node = try await nodes.node(name)
                if isReached(node) { return node }
            } catch {
                guard error.kind == .transient || error.kind == .timedOut else { throw error }
            }
            let left = limit - start.duration(to: clock.now)
            guard left > .zero else { return nil }
            do {
                try await clock.sleep(for: min(pause, left))
            } catch {
                throw StepError(.cancelled, "the wait was stopped", object: "node/\(name)")
            }
            pause = min(pause * 2, .seconds(5))
        }
    }
}
