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
    /// How pods are evicted.
    let eviction: Eviction

    struct Eviction: Sendable {
        let timeout: Duration
        let isForced: Bool
    }

    static let parameters =
        [
            Parameter("node", .string, required: true, "The node's name."),
            Parameter(
                "timeout", .duration, default: "15m", "Longest wait for its pods to go; disruption budgets are kept."),
            Parameter(
                "force", .boolean, default: false,
                "Also deletes pods that nothing will create anew; without it they are an error."),
        ] + NodeGuard.parameters + ClusterAccess.parameters

    init(_ input: StepInput, _ access: ClusterAccess, _ context: StepContext) throws(StepError) {
        nodes = ClusterNodes(Kubectl(try access.overridden(by: input)))
        name = try input.string("node")
        run = context.run
        eviction = Eviction(
            timeout: try input.duration("timeout") ?? .seconds(900), isForced: try input.flag("force"))
    }

    var object: String { "node/\(name)" }

    func isOurs(_ node: ClusterNode) -> Bool { node.annotations[Self.cordonedBy] == run }

    /// Keeps new pods away. Changes nothing where somebody else does already.
    func cordon() async throws(StepError) {
        guard try await !nodes.node(name).isCordoned else { return }
        try await nodes.merge(
            ["metadata": ["annotations": [Self.cordonedBy: .string(run)]], "spec": ["unschedulable": true]], into: name)
    }

    /// Lets pods come again, where this run has kept them away; false where it has not.
    @discardableResult
    func uncordon() async throws(StepError) -> Bool {
        guard let node = try await nodes.ifThere(name), isOurs(node) else { return false }
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
    func evict(_ context: StepContext) async throws(StepError) {
        let seconds = max(1, eviction.timeout.components.seconds)
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
        ["drain", name, "--ignore-daemonsets", "--delete-emptydir-data"] + (eviction.isForced ? ["--force"] : [])
    }

    /// The pods that could not be evicted, each with the last reason, as lines.
    private static func obstacles(in text: String) -> String {
        var reasons: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let pattern = /error when evicting pods?\/"([^"]+)" -n "([^"]+)"[^:]*: (.+)/
            guard let match = line.firstMatch(of: pattern) else { continue }
            reasons["pod \(match.2)/\(match.1)"] = String(match.3)
        }
        return reasons.sorted { $0.key < $1.key }.map { "\n  \($0.key): \($0.value)" }.joined()
    }
}
