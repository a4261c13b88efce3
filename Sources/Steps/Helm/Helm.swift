package import Workflow

/// Calls helm on one cluster, with a configuration of its own: the operator's repositories, logins and plugins are
/// neither seen nor touched.
package struct Helm: Sendable {
    private static let answerLimitBytes = 128 << 20

    private let access: ClusterAccess
    /// Where helm may keep what is no secret; it has nothing to keep in the calls made here, but asks for a place.
    private let home: String

    /// - Parameter dataDirectory: The installation's own folder, see `StepContext`.
    package init(_ access: ClusterAccess, dataDirectory: String) {
        self.access = access
        home = dataDirectory + "/helm"
    }

    /// - Throws: A permanent error where helm is not there or tells no version.
    package func version() async throws(StepError) -> ToolVersion {
        let result = try await run(["version", "--template", "{{.Version}}"], onCluster: false)
        guard let version = ToolVersion(result.output.text) else {
            throw StepError(
                .permanent, "helm does not tell its version", object: access.helm,
                remedy: "install Helm: https://helm.sh/docs/intro/install/")
        }
        return version
    }

    /// Runs helm and throws unless it ends with 0.
    ///
    /// - Parameters:
    ///   - arguments: Without cluster options; never a secret.
    ///   - input: Standard input: the place for values and passwords.
    ///   - credentials: Repositories and logins that this one call may use.
    ///   - object: What is worked on, for errors.
    @discardableResult
    package func run(
        _ arguments: [String], input: String? = nil, credentials: HelmCredentials? = nil, onCluster: Bool = true,
        object: String? = nil, onLine: ProcessLineHandler? = nil
    ) async throws(StepError) -> ProcessResult {
        let request = ProcessRequest(
            access.helm, (onCluster ? clusterArguments : []) + arguments,
            environment: environment(credentials), input: input.map { Array($0.utf8) },
            // Helm marks an interrupted release as failed before it ends, for which it needs the API server.
            grace: .seconds(15), captureLimitBytes: Self.answerLimitBytes)
        do {
            return try await access.processes.run(request, onLine: onLine).requireSuccess(of: request)
        } catch {
            let failure = ToolFailure(tool: "helm", object: object, place: onCluster ? .cluster : .charts)
            // `helm repo update` tells on standard output what went wrong, and on standard error only that it did.
            if case .exited = error.kind, arguments.first == "repo", let result = error.result {
                throw failure.error(saying: result.output.text + result.error.text)
            }
            throw failure.error(error)
        }
    }

    /// What helm prints as JSON.
    package func json(
        _ arguments: [String], credentials: HelmCredentials? = nil, onCluster: Bool = true, object: String? = nil
    ) async throws(StepError) -> Value {
        let result = try await run(
            arguments + ["--output", "json"], credentials: credentials, onCluster: onCluster, object: object)
        guard let bytes = result.output.bytes, let value = try? Value(json: String(decoding: bytes, as: UTF8.self))
        else {
            throw StepError(
                .transient, "the answer of helm is not JSON", object: object,
                remedy: "run `\(access.helm) \(arguments.joined(separator: " "))` by hand and see what else it prints")
        }
        return value
    }

    private func environment(_ credentials: HelmCredentials?) -> [String: String?] {
        let place = credentials?.directory ?? home
        return [
            "HELM_CONFIG_HOME": "\(place)/config",
            "HELM_CACHE_HOME": "\(place)/cache",
            "HELM_DATA_HOME": "\(place)/data",
            "HELM_PLUGINS": "\(place)/plugins",
            "HELM_REPOSITORY_CONFIG": credentials?.repositoriesFile ?? "\(place)/repositories.yaml",
            "HELM_REPOSITORY_CACHE": "\(place)/cache/repository",
            "HELM_REGISTRY_CONFIG": credentials?.registryFile ?? "\(place)/registry.json",
            // Helm falls back to Docker's logins where its own file has none.
            "DOCKER_CONFIG": "\(place)/docker",
            // What would send helm to another place than kubectl.
            "HELM_NAMESPACE": nil, "HELM_DRIVER": nil, "HELM_DEBUG": nil, "HELM_KUBECONTEXT": nil,
            "HELM_KUBEAPISERVER": nil,
            "HELM_KUBETOKEN": nil, "HELM_KUBEASUSER": nil, "HELM_KUBEASGROUPS": nil, "HELM_KUBECAFILE": nil,
        ]
    }

    private var clusterArguments: [String] {
        var arguments: [String] = []
        if let kubeconfig = access.kubeconfig { arguments += ["--kubeconfig", kubeconfig] }
        if let context = access.context { arguments += ["--kube-context", context] }
        return arguments
    }
}
