package import Workflow

/// `helm.repository`: a chart repository that can be read with these credentials and has these charts.
///
/// Nothing is added to anybody's helm: the step checks, and gives its output to the `repository` of `helm.release`.
/// Where the token may be another one when the run is resumed, name the secret there instead: outputs stay what they were.
package struct HelmRepository: CheckingStepKind {
    package let name = "helm.repository"
    package let summary = "Checks that a chart repository can be read, and that it has the charts an install needs."
    package let parameters =
        HelmParameters.repository + [
            Parameter("charts", .array(.string), "Charts that must be there, as `name` or `name@version`.")
        ]
    package let outputs = HelmParameters.repository

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let repository = try HelmParameters.repository(input)
        let wanted = try input.strings("charts")
        let charts = ChartStore(Helm(access, dataDirectory: context.dataDirectory), files: access.files)
        let missing = try await charts.missing(wanted, in: repository)
        guard missing.isEmpty else {
            throw StepError(
                .permanent, "the repository has no \(missing.joined(separator: ", nor "))", object: repository.url,
                remedy: "check the charts' names and versions, and that this account may see them")
        }
        var values: [String: Value] = ["url": .string(repository.url)]
        values["ca"] = repository.ca.map { .string($0) } ?? .null
        var secrets: [String: String] = [:]
        secrets["username"] = repository.username
        secrets["password"] = repository.password
        return StepOutput(values, secrets: secrets)
    }
}
