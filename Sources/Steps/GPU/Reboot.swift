import Workflow

/// The reboot of one node out of one boot, by a command of the operator's.
///
/// What counts is the boot id that the node's kubelet reports, not how the command ended: a connection that breaks is just
/// what a reboot looks like. That a reboot out of this boot was asked for stands on the node, so that an attempt which was
/// cut off between the command and its effect does not ask a second time at once.
struct Reboot: Sendable {
    static let asked = "runner/reboot-asked"

    let nodes: ClusterNodes
    let name: String
    let bootID: String
    private let command: String?
    private let timeout: Duration
    private let grace: Duration
    private let isApproved: Bool
    private let care: NodeCare

    static let parameters =
        [
            Parameter("node", .string, required: true, "The node's name."),
            Parameter(
                "command", .string, exposed: true,
                "Script for 'sh -eu' that reboots the node $NODE, whose boot id is $BOOT_ID, such as "
                    + "`ssh root@$NODE systemctl reboot`. Without it, somebody has to reboot the node by hand."),
            Parameter("timeout", .duration, default: "30m", "Longest wait until the node is ready again."),
            Parameter(
                "grace", .duration, default: "5m",
                "How long the node may take to go down where the command failed, or an earlier attempt has asked."),
        ] + NodeGuard.parameters

    init(_ input: StepInput, outOf bootID: String, _ care: NodeCare) throws(StepError) {
        nodes = ClusterNodes(Kubectl(try care.access.overridden(by: input)))
        name = try input.string("node")
        self.bootID = bootID
        command = try input.optionalString("command")
        timeout = try input.duration("timeout") ?? .seconds(1800)
        grace = try input.duration("grace") ?? .seconds(300)
        isApproved = try input.flag("approved")
        self.care = care
    }

    var object: String { "node/\(name)" }

    /// The mark is taken off last, so one that is still there belongs to an attempt that was cut off.
    func isDone(_ node: ClusterNode) -> Bool {
        node.bootID != bootID && node.isReady && node.annotations[Self.asked] == nil
    }

    /// Reboots the node where it has not left that boot yet, and waits until it is ready.
    func carryOut(_ context: StepContext) async throws(StepError) -> ClusterNode {
        let all = try await nodes.all()
        guard let node = all.first(where: { $0.name == name }) else {
            throw StepError(.permanent, "there is no such node", object: object)
        }
        if node.bootID == bootID {
            try care.guardian.check(node, among: all, isApproved: isApproved, to: "rebooted")
            let wasAsked = node.annotations[Self.asked] == bootID
            if wasAsked { context.log(.note, "an earlier attempt has asked for the reboot: waiting for it") }
            let isGoing = wasAsked ? try await goesDown() : false
            if !isGoing { try await ask(context) }
        }
        let back = try await isBack()
        try await forget(in: back)
        return back
    }

    /// Takes the mark off.
    func forget(in node: ClusterNode) async throws(StepError) {
        guard node.annotations[Self.asked] != nil else { return }
        try await nodes.merge(["metadata": ["annotations": [Self.asked: .null]]], into: name)
    }

    private func ask(_ context: StepContext) async throws(StepError) {
        try await nodes.merge(["metadata": ["annotations": [Self.asked: .string(bootID)]]], into: name)
        guard let command else { return context.log(.note, "waiting for somebody to reboot node \(name)") }
        let request = ProcessRequest(
            "sh", ["-euc", command], environment: ["NODE": name, "BOOT_ID": bootID], timeout: timeout)
        let result: ProcessResult
        do {
            result = try await care.access.processes.run(request, logging: context)
        } catch {
            // One that waits for the node for too long has rebooted it all the same.
            if case .timedOut = error.kind { return context.log(.note, error.summary) }
            throw StepError(error, object: "command")
        }
        guard !result.succeeded else { return }
        let said = Excerpt.end(of: result.error.text.isEmpty ? result.output.text : result.error.text)
        let failure = "the command ended with \(result.status.text)" + (said.isEmpty ? "" : ": \(said)")
        let isNoProgram = [.exited(126), .exited(127)].contains(result.status)
        if !isNoProgram {
            context.log(.note, "\(failure); a reboot may look like that, so the node is watched")
            if try await goesDown() { return }
        }
        try await forget(in: try await nodes.node(name))
        throw StepError(
            isNoProgram ? .permanent : .transient, "\(failure), and the node has not gone down", object: object,
            remedy: "correct the command (try it by hand, with NODE=\(name)), then resume the run")
    }

    // MARK: - Watching

    /// Whether the node is seen to go down, or has left the boot already.
    private func goesDown() async throws(StepError) -> Bool {
        try await watch(within: grace) { !$0.isReady || $0.bootID != bootID } != nil
    }

    /// The node once it is ready in another boot.
    private func isBack() async throws(StepError) -> ClusterNode {
        if let node = try await watch(within: timeout, until: { $0.isReady && $0.bootID != bootID }) { return node }
        let state =
            try await nodes.node(name).bootID == bootID
            ? "has not been rebooted: its boot id is the same"
            : "has been rebooted, and is not ready: see 'kubectl describe node \(name)'"
        throw StepError(
            .timedOut, "waited \(timeout) in vain: the node \(state)", object: object,
            remedy: "bring it up, then resume the run: a node that has been rebooted is not rebooted again")
    }

    /// The API server may live on that very node, so that it is not there for a while.
    private func watch(
        within limit: Duration, until isReached: (ClusterNode) -> Bool
    ) async throws(StepError) -> ClusterNode? {
        try await care.clock.poll(within: limit, for: object) { () async throws(StepError) -> ClusterNode? in
            do throws(StepError) {
                let node = try await nodes.node(name)
                return isReached(node) ? node : nil
            } catch {
                guard error.kind == .transient || error.kind == .timedOut else { throw error }
                return nil
            }
        }
    }
}

extension ProcessResult.Status {
    fileprivate var text: String {
        switch self {
        case .exited(let code): "status \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}
