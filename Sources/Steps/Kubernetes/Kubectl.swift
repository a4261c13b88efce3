package import Workflow

/// Calls kubectl on one cluster.
package struct Kubectl: Sendable {
    /// The field manager under which the runner's own changes stand in the cluster.
    package static let fieldManager = "runner"
    /// More than any list that a step asks for; what is longer is an error, never a half answer.
    private static let answerLimitBytes = 128 << 20

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    /// Runs kubectl and throws unless it ends with 0.
    ///
    /// - Parameters:
    ///   - arguments: Without cluster options; never a secret.
    ///   - input: Standard input: the place for manifests, which may hold secrets.
    ///   - object: What is worked on, for errors.
    @discardableResult
    package func run(
        _ arguments: [String], input: String? = nil, object: String? = nil, onLine: ProcessLineHandler? = nil
    ) async throws(StepError) -> ProcessResult {
        let (request, result) = try await attempt(arguments, input: input, object: object, onLine: onLine)
        do {
            return try result.requireSuccess(of: request)
        } catch {
            throw ToolFailure(tool: "kubectl", object: object).error(error)
        }
    }

    /// Runs kubectl and leaves it to the caller to judge a status other than 0.
    package func attempt(
        _ arguments: [String], input: String? = nil, object: String? = nil, onLine: ProcessLineHandler? = nil
    ) async throws(StepError) -> (request: ProcessRequest, result: ProcessResult) {
        let request = ProcessRequest(
            access.kubectl, clusterArguments + arguments, input: input.map { Array($0.utf8) },
            captureLimitBytes: Self.answerLimitBytes)
        do {
            return (request, try await access.processes.run(request, onLine: onLine))
        } catch {
            throw ToolFailure(tool: "kubectl", object: object).error(error)
        }
    }

    /// The context that is worked with, for steps that come later: another one may be current by then. Nil where there is no
    /// kubeconfig, as in a pod.
    package func context() async throws(StepError) -> String? {
        if let context = access.context { return context }
        let (_, result) = try await attempt(["config", "current-context"])
        let name = result.output.text.split(whereSeparator: \.isNewline).first.map(String.init)
        return result.succeeded ? name : nil
    }

    /// What kubectl prints as JSON; null where it prints nothing.
    package func json(
        _ arguments: [String], input: String? = nil, object: String? = nil
    ) async throws(StepError) -> Value {
        let result = try await run(arguments + ["-o", "json"], input: input, object: object)
        return try Self.value(of: result, object: object)
    }

    /// The items of a list that kubectl prints.
    package func items(_ arguments: [String], object: String? = nil) async throws(StepError) -> [Value] {
        let value = try await json(arguments, object: object)
        return value["items"]?.arrayValue ?? (value.isNull ? [] : [value])
    }

    static func value(of result: ProcessResult, object: String?) throws(StepError) -> Value {
        guard let bytes = result.output.bytes else {
            throw StepError(.permanent, "the answer of kubectl is too long", object: object)
        }
        if bytes.allSatisfy({ $0 <= 0x20 }) { return .null }
        do {
            return try Value(json: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw StepError(.transient, "the answer of kubectl is not JSON", object: object)
        }
    }

    private var clusterArguments: [String] {
        var arguments: [String] = []
        if let kubeconfig = access.kubeconfig { arguments += ["--kubeconfig", kubeconfig] }
        if let context = access.context { arguments += ["--context", context] }
        return arguments
    }
}
