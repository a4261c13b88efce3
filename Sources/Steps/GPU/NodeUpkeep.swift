import Workflow

/// Takes one node out of service for one run, and back.
///
/// Whose doing it is stands on the node itself, written with the same call that closes it: so a run that was killed at any
/// moment knows its own cordon again, and leaves one that an operator has set.
struct NodeUpkeep: Sendable {
    static let cordonedBy = "runner/cordoned-by"

    let nodes: ClusterNodes
    let name: String
    let run: String
    private let isForced: Bool
    private let isApproved: Bool
    /// For pods to go.
    private let timeout: Duration
    /// For other nodes to be back in service.
    private let turn: Duration
    private let care: NodeCare

    static let parameters =
        [
            Parameter("node", .string, required: true, "The node's name."),
            Parameter(
                "timeout", .duration, default: "15m", "Longest wait for its pods to go; disruption budgets are kept."),
            Parameter(
                "force", .boolean, default: false,
                "Also deletes pods that nothing will create anew; without it they are an error."),
            Parameter(
                "turn", .duration, default: "1h",
                "Longest wait for other nodes that runs have closed, as one is closed at a time; 0s: several may be."),
        ] + NodeGuard.parameters + ClusterAccess.parameters

    init(_ input: StepInput, _ care: NodeCare, _ context: StepContext) throws(StepError) {
        nodes = ClusterNodes(Kubectl(try care.access.overridden(by: input)))
        name = try input.string("node")
        run = context.run
        isForced = try input.flag("force")
        isApproved = try input.flag("approved")
        timeout = try input.duration("timeout") ?? .seconds(900)
        turn = try input.duration("turn") ?? .seconds(3600)
        self.care = care
    }

    var object: String { "node/\(name)" }

    func isMarked(_ node: ClusterNode) -> Bool { node.annotations[Self.cordonedBy] == run }
    /// A mark alone says little: somebody may have opened the node by hand.
    func isOurs(_ node: ClusterNode) -> Bool { isMarked(node) && node.isCordoned }

    /// Closes the node, once no other is closed, and evicts its pods.
    func takeOutOfService(_ context: StepContext) async throws(StepError) {
        let all = try await nodes.all()
        guard let node = all.first(where: { $0.name == name }) else {
            throw StepError(.permanent, "there is no such node", object: object)
        }
        try care.guardian.check(node, among: all, isApproved: isApproved, to: "emptied")
        if turn == .zero { try await cordon() } else { try await takeTurn(node, context) }
        try await evict(context)
    }

    /// Closes the node as the only one, whichever runs, of whichever runner, close nodes besides: a rollback of many nodes
    /// comes to all of them at once.
    ///
    /// Nobody keeps its turn who sees another closed after it has closed its own: so no two do, in whatever order they
    /// close and look.
    private func takeTurn(_ node: ClusterNode, _ context: StepContext) async throws(StepError) {
        if isOurs(node) {
            // An attempt that was cut off may have closed the node before it knew itself alone.
            if try await isAlone() { return }
            try await uncordon()
        }
        var holder: ClusterNode?
        let taken = try await care.clock.poll(within: turn, for: object) { () async throws(StepError) -> Bool? in
            if let other = try await others().first {
                if holder == nil { context.log(.note, "waiting until node \(other.name) is back in service") }
                holder = other
                return nil
            }
            try await cordon()
            if try await isAlone() { return true }
            try await uncordon()
            return nil
        }
        guard taken == nil else { return }
        throw StepError(
            .timedOut,
            "waited \(turn) in vain for \(holder.map { "node \($0.name)" } ?? "other nodes") to be back in "
                + "service", object: object,
            remedy: "resume or roll back run \(holder?.annotations[Self.cordonedBy] ?? "?"), which has closed that node"
        )
    }

    /// Whether no other node is closed now that this one is. Of those that were closed at the same moment, all but the first
    /// by name step back at once; that one gives them the time to do so.
    private func isAlone() async throws(StepError) -> Bool {
        try await care.clock.poll(within: .seconds(5), for: object) { () async throws(StepError) -> Bool? in
            let rivals = try await others()
            if rivals.isEmpty { return true }
            return rivals.contains { $0.name < name } ? false : nil
        } ?? false
    }

    /// Other nodes that runs have closed, by name.
    private func others() async throws(StepError) -> [ClusterNode] {
        try await nodes.all().filter { $0.name != name && $0.isCordoned && $0.annotations[Self.cordonedBy] != nil }
    }

    /// Keeps new pods away. Changes nothing where somebody else does already.
    private func cordon() async throws(StepError) {
        guard try await !nodes.node(name).isCordoned else { return }
        try await nodes.merge(
            ["metadata": ["annotations": [Self.cordonedBy: .string(run)]], "spec": ["unschedulable": true]], into: name)
    }

    /// Lets pods come again, where this run has kept them away; false where it has not.
    @discardableResult
    func uncordon() async throws(StepError) -> Bool {
        guard let node = try await nodes.ifThere(name), isMarked(node) else { return false }
        let open: Value = ["op": "add", "path": "/spec/unschedulable", "value": false]
        return try await nodes.patch(name, where: Self.cordonedBy, is: run, [open])
    }

    /// Whether no pod is left that an eviction would send away. Changes nothing.
    func isEmpty() async throws(StepError) -> Bool {
        let (_, result) = try await nodes.kubectl.attempt(
            drainArguments + ["--dry-run=client"], object: object)
        // What cannot be evicted at all is for the eviction itself to tell.
        return result.succeeded && !(result.output.text + result.error.text).contains("evicting pod")
    }

    /// Evicts all pods but those of daemon sets, within the limits of disruption budgets.
    private func evict(_ context: StepContext) async throws(StepError) {
        let seconds = max(1, timeout.components.seconds)
        let (_, result) = try await nodes.kubectl.attempt(
            drainArguments + ["--timeout", "\(seconds)s"], object: object
        ) { line in
            context.log(line.stream == .output ? .stdout : .stderr, line.text)
        }
        guard !result.succeeded else { return }
        let said = result.error.text
        if said.contains("timeout reached") || said.contains("disruption budget") {
            throw StepError(
                .timedOut, "pods were still there after \(seconds) s\(Self.obstacles(in: said))", object: object,
                remedy: "raise the replicas of what a budget holds back, or `timeout`, then resume the run; the node "
                    + "stays closed until then, or until a rollback")
        }
        if said.contains("use --force to override") {
            throw StepError(
                .permanent, "there are pods that nothing would create anew: \(ToolFailure.tidied(said))",
                object: object, remedy: "remove them, or set `force: true`, which deletes them for good")
        }
        throw ToolFailure(tool: "kubectl", object: object).error(saying: said)
    }

    private var drainArguments: [String] {
        ["drain", name, "--ignore-daemonsets", "--delete-emptydir-data"] + (isForced ? ["--force"] : [])
    }

    /// The pods that could not be evicted, each with the last reason, as lines.
    private static func obstacles(in text: String) -> String {
        var reasons: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let pattern = /error when evicting pods?\/"([^"]+)" -n "([^"]+)"[^:]*: (.+)/
            guard let match = line.firstMatch(of: pattern) else { continue }
            let pod = "pod \(match.2)/\(match.1)"
            // That the time is over is what it says last of every pod.
            if reasons[pod] == nil || !match.3.contains("timeout reached") { reasons[pod] = String(match.3) }
        }
        return reasons.sorted { $0.key < $1.key }.map { "\n  \($0.key): \($0.value)" }.joined()
    }
}
