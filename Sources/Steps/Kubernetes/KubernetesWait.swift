package import Workflow

/// `kubernetes.wait`: waits until an object is as it should be. Only reads.
package struct KubernetesWait: ReadingStepKind {
    package let name = "kubernetes.wait"
    package let summary = "Waits for a condition, a field's value, a rollout, or an object's creation or deletion."
    package let parameters =
        [
            Parameter("kind", .string, required: true, "The object's kind, such as `deployment` or `clusterpolicy`."),
            Parameter("object", .string, "The object's name; this or `selector`."),
            Parameter("selector", .string, "Labels that all objects to wait for carry; this or `object`."),
            Parameter("namespace", .string, "The object's namespace."),
            Parameter(
                "for", .string(pattern: "rollout|create|delete|condition=.+|jsonpath=.+"), required: true,
                "`rollout`, `create`, `delete`, `condition=Ready`, or `jsonpath={.status.state}=ready`."),
            Parameter("timeout", .duration, default: "10m", "Longest wait."),
        ] + ClusterAccess.parameters
    package let outputs = [Parameter("object", .string, "What was waited for, as `kind/name`.")]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input, access)
        guard try await wish.isThere() || wish.goal == "delete" else { return .absent() }
        if wish.goal == "create" { return .present(wish.output) }
        let (_, result) =
            wish.goal == "rollout"
            ? try await wish.kubectl.attempt(
                ["rollout", "status"] + wish.place + ["--watch=false"], object: wish.target)
            : try await wish.kubectl.attempt(wish.waiting(for: wish.goal, seconds: 0), object: wish.target)
        let isDone = result.succeeded && !result.output.text.contains("Waiting for")
        if isDone { return .present(wish.output) }
        let error = ToolFailure(tool: "kubectl", object: wish.target).error(saying: result.error.text)
        let isWaiting = result.succeeded || error.kind == .timedOut || error.message.contains("condition not met")
        if !isWaiting { throw error }
        return .absent()
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try Wish(input, access)
        let log: ProcessLineHandler = { line in context.log(line.stream == .output ? .stdout : .stderr, line.text) }
        if wish.goal != "delete" {
            // kubectl gives up at once on what is not there yet; newer ones can be asked to wait for that too.
            try await wish.run(wish.waiting(for: "create", seconds: wish.seconds), "to be created", log)
        }
        switch wish.goal {
        case "create": break
        case "rollout":
            try await wish.run(
                ["rollout", "status"] + wish.place + ["--timeout", "\(wish.seconds)s"], "to be rolled out", log)
        default:
            let purpose = wish.goal == "delete" ? "to be deleted" : "for \(wish.goal)"
            try await wish.run(wish.waiting(for: wish.goal, seconds: wish.seconds), purpose, log)
        }
        return wish.output
    }

    private struct Wish {
        let kubectl: Kubectl
        let kind: String
        let name: String?
        let selector: String?
        let namespace: String?
        let goal: String
        let seconds: Int

        init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
            kubectl = Kubectl(try access.overridden(by: input))
            kind = try input.string("kind")
            name = try input.optionalString("object")
            selector = try input.optionalString("selector")
            namespace = try input.optionalString("namespace")
            goal = try input.string("for")
            seconds = Int((try input.duration("timeout") ?? .seconds(600)).components.seconds)
            guard (name == nil) != (selector == nil) else {
                throw StepError(
                    .permanent, "kubernetes.wait needs 'object' or 'selector', and not both", object: kind,
                    remedy: "name one of them under 'with'")
            }
        }

        var target: String { name.map { "\(kind)/\($0)" } ?? "\(kind) with \(selector ?? "")" }
        var output: StepOutput { StepOutput(["object": .string(target)]) }

        var place: [String] {
            (name.map { ["\(kind)/\($0)"] } ?? [kind]) + (selector.map { ["--selector", $0] } ?? [])
                + (namespace.map { ["--namespace", $0] } ?? [])
        }

        func waiting(for goal: String, seconds: Int) -> [String] {
            ["wait"] + place + ["--for", goal, "--timeout", "\(seconds)s"]
        }

        func objects() async throws(StepError) -> [KubernetesObject] {
            let items = try await kubectl.items(["get"] + place + ["--ignore-not-found"], object: target)
            return try KubernetesObject.all(in: items)
        }

        func isThere() async throws(StepError) -> Bool {
            do {
                return try await !objects().isEmpty
            } catch {
                // Its kind may come with an operator that is still starting.
                if error.message.contains("the server doesn't have a resource type") { return false }
                throw error
            }
        }

        func run(_ arguments: [String], _ purpose: String, _ log: @escaping ProcessLineHandler) async throws(StepError)
        {
            do {
                try await kubectl.run(arguments, object: target, onLine: log)
            } catch {
                guard error.kind == .timedOut || error.message.contains("timed out") else { throw error }
                throw StepError(
                    .timedOut, "waited \(seconds) s in vain \(purpose)\(try await report())", object: target,
                    remedy: "mend what it waits for, or raise `timeout`; then resume the run")
            }
        }

        /// What the objects' pods and conditions tell.
        private func report() async throws(StepError) -> String {
            let objects = try await objects()
            var lines = try await ReadinessReport(kubectl).findings(about: objects, namespace: namespace ?? "default")
                .map(\.description)
            for object in objects {
                for condition in object.content["status"]?["conditions"]?.arrayValue ?? []
                where condition["status"]?.stringValue != "True" {
                    guard let message = condition["message"]?.stringValue, !message.isEmpty else { continue }
                    lines.append("\(object.reference): \(condition["type"]?.stringValue ?? "?"): \(message)")
                }
                if let state = object.content["status"]?["state"]?.stringValue {
                    lines.append("\(object.reference): status.state is '\(state)'")
                }
            }
            if objects.isEmpty { lines.append("\(target) is not there") }
            return lines.map { "\n  \($0)" }.joined()
        }
    }
}
