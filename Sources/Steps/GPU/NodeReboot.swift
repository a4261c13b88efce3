package import Workflow

/// `node.reboot`: reboots a node by a command of the operator's, once.
///
/// What counts is the boot id that the node's kubelet reports, not how the command ended: a connection that breaks is just
/// what a reboot looks like. That a reboot of this boot was asked for stands on the node, so that an attempt which was cut
/// off between the command and its effect does not ask a second time at once.
package struct NodeReboot: StepKind {
    package let name = "node.reboot"
    package let summary = "Reboots a node by a command, and waits until it is ready with another boot id."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("node", .string, required: true, "The node's name."),
            Parameter(
                "boot_id", .string, required: true,
                "The node's boot id before; where it has another one already, it is not rebooted again."),
            Parameter(
                "command", .string, exposed: true,
                "Script for 'sh -eu' that reboots the node $NODE, whose boot id is $BOOT_ID, such as "
                    + "`ssh root@$NODE systemctl reboot`. Without it, somebody has to reboot the node by hand."),
            Parameter("timeout", .duration, default: "30m", "Longest wait until the node is ready again."),
            Parameter(
                "grace", .duration, default: "5m",
                "How long the node may take to go down where the command failed, or an earlier attempt has asked."),
        ] + NodeGuard.parameters + ClusterAccess.parameters
    package let outputs = [
        Parameter("node", .string, "The node's name."),
        Parameter("boot_id", .string, "The boot id it has now."),
    ]

    private let access: ClusterAccess
    private let guardian: NodeGuard
    private let clock: any Clock<Duration>

    package init(_ access: ClusterAccess, _ guardian: NodeGuard, clock: any Clock<Duration>) {
        self.access = access
        self.guardian = guardian
        self.clock = clock
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let reboot = try RebootWish(input, access)
        let node = try await reboot.nodes.node(reboot.name)
        return reboot.isDone(node)
            ? .present(RebootWish.output(node)) : .absent(prior: ["boot_id": .string(node.bootID)])
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let reboot = try RebootWish(input, access)
        let watch = NodeWatch(nodes: reboot.nodes, name: reboot.name, clock: clock)
        let all = try await reboot.nodes.all()
        guard let node = all.first(where: { $0.name == reboot.name }) else {
            throw StepError(.permanent, "there is no such node", object: reboot.object)
        }
        if node.bootID == reboot.bootID {
            try guardian.check(node, among: all, isApproved: try input.flag("approved"), to: "rebooted")
            let wasAsked = node.annotations[RebootWish.asked] == reboot.bootID
            if wasAsked { context.log(.note, "an earlier attempt has asked for the reboot: waiting for it") }
            let isGoing = wasAsked ? try await watch.goesDown(from: reboot.bootID, within: reboot.grace) : false
            if !isGoing { try await ask(reboot, watch, context) }
        }
        let back = try await watch.isBack(with: reboot.bootID, within: reboot.timeout, context)
        try await reboot.forget(in: back)
        return RebootWish.output(back)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let reboot = try RebootWish(input, access)
        guard let node = try await reboot.nodes.ifThere(reboot.name) else { return [] }
        guard node.annotations[RebootWish.asked] != nil else { return [] }
        try await reboot.forget(in: node)
        return node.bootID == reboot.bootID
            ? ["\(reboot.object): a reboot was asked for, and the node may still go down"] : []
    }

    private func ask(_ reboot: RebootWish, _ watch: NodeWatch, _ context: StepContext) async throws(StepError) {
        try await reboot.nodes.merge(
            ["metadata": ["annotations": [RebootWish.asked: .string(reboot.bootID)]]], into: reboot.name)
        guard let command = reboot.command else {
            return context.log(.note, "waiting for somebody to reboot node \(reboot.name)")
        }
        let request = ProcessRequest(
            "sh", ["-euc", command], environment: ["NODE": reboot.name, "BOOT_ID": reboot.bootID],
            timeout: reboot.timeout)
        let result: ProcessResult
        do {
            result = try await access.processes.run(request, logging: context)
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
            if try await watch.goesDown(from: reboot.bootID, within: reboot.grace) { return }
        }
        try await reboot.forget(in: try await reboot.nodes.node(reboot.name))
        throw StepError(
            isNoProgram ? .permanent : .transient, "\(failure), and the node has not gone down", object: reboot.object,
            remedy: "correct the command (try it by hand, with NODE=\(reboot.name)), then resume the run")
    }
}

private struct RebootWish {
    static let asked = "runner/reboot-asked"

    let nodes: ClusterNodes
    let name: String
    let bootID: String
    let command: String?
    let timeout: Duration
    let grace: Duration

    init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
        nodes = ClusterNodes(Kubectl(try access.overridden(by: input)))
        name = try input.string("node")
        bootID = try input.string("boot_id")
        command = try input.optionalString("command")
        timeout = try input.duration("timeout") ?? .seconds(1800)
        grace = try input.duration("grace") ?? .seconds(300)
    }

    var object: String { "node/\(name)" }

    /// The mark is taken off last, so one that is still there belongs to an attempt that was cut off.
    func isDone(_ node: ClusterNode) -> Bool {
        node.bootID != bootID && node.isReady && node.annotations[Self.asked] == nil
    }

    func forget(in node: ClusterNode) async throws(StepError) {
        guard node.annotations[Self.asked] != nil else { return }
        try await nodes.merge(["metadata": ["annotations": [Self.asked: .null]]], into: name)
    }

    static func output(_ node: ClusterNode) -> StepOutput {
        StepOutput(["node": .string(node.name), "boot_id": .string(node.bootID)])
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
