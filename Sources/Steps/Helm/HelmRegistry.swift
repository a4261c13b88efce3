package import Workflow

/// `helm.registry`: an OCI registry that lets these credentials in and has these charts.
///
/// The login is made and thrown away: the step checks, and gives its output to the `registry` of `helm.release`. Where the
/// password may be another one when the run is resumed, name the secret there instead: outputs stay what they were.
package struct HelmRegistry: CheckingStepKind {
    package let name = "helm.registry"
    package let summary = "Checks a login to an OCI registry, and that it has the charts an install needs."
    package let parameters =
        HelmParameters.registry + [
            Parameter("charts", .array(.string), "Charts that must be there, as `oci://host/path/name@version`.")
        ]
    package let outputs = HelmParameters.registry

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let registry = try HelmParameters.registry(input)
        let charts = ChartStore(Helm(access, dataDirectory: context.dataDirectory), files: access.files)
        try await charts.login(to: registry)
        let missing = try await charts.missing(try input.strings("charts"), in: registry)
        guard missing.isEmpty else {
            throw StepError(
                .permanent, "the registry has no \(missing.joined(separator: ", nor "))",
                object: "registry \(registry.host)",
                remedy: "check the charts' names and versions, and that this account may see them")
        }
        var values: [String: Value] = ["host": .string(registry.host), "plain_http": .bool(registry.plainHTTP)]
        values["username"] = registry.username.map { .string($0) } ?? .null
        values["ca"] = registry.ca.map { .string($0) } ?? .null
        return StepOutput(values, secrets: registry.password.map { ["password": $0] } ?? [:])
    }
}
