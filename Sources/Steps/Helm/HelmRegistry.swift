package import Workflow

/// `helm.registry`: an OCI registry that lets these credentials in.
///
/// The login is made and thrown away: the step checks, and gives its output to the `registry` of `helm.release`.
package struct HelmRegistry: CheckingStepKind {
    package let name = "helm.registry"
    package let summary = "Checks a login to an OCI registry of charts."
    package let parameters = HelmParameters.registry
    package let outputs = HelmParameters.registry

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let registry = try HelmParameters.registry(input)
        try await ChartStore(Helm(access, dataDirectory: context.dataDirectory), files: access.files).login(
            to: registry)
        var values: [String: Value] = ["host": .string(registry.host), "plain_http": .bool(registry.plainHTTP)]
        values["username"] = registry.username.map { .string($0) } ?? .null
        values["ca"] = registry.ca.map { .string($0) } ?? .null
        return StepOutput(values, secrets: registry.password.map { ["password": $0] } ?? [:])
    }
}
