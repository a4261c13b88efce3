import Workflow

/// Which cluster the steps work on, and with which programs.
///
/// The real `kubectl` and `helm` are called, so that every kubeconfig and every login plugin that works for the
/// operator works here too.
package struct ClusterAccess: Sendable {
    /// A name to look up in `PATH`, or a path.
    package var kubectl: String
    /// A name to look up in `PATH`, or a path. Helm 3.14 or newer, or helm 4.
    package var helm: String
    /// Path of a kubeconfig; nil: as `KUBECONFIG` in the base environment says, else `~/.kube/config`.
    package var kubeconfig: String?
    /// Context of the kubeconfig; nil: its current one.
    package var context: String?

    package let processes: any ProcessRunning
    package let files: PrivateFiles

    package init(
        processes: any ProcessRunning, files: PrivateFiles, kubectl: String = "kubectl", helm: String = "helm",
        kubeconfig: String? = nil, context: String? = nil
    ) {
        self.processes = processes
        self.files = files
        self.kubectl = kubectl
        self.helm = helm
        self.kubeconfig = kubeconfig
        self.context = context
    }

    /// The parameters by which a single step names another cluster; every kind of this folder takes them.
    static let parameters = [
        Parameter("kubeconfig", .string(.path), "Path of another kubeconfig than the run's."),
        Parameter("context", .string, "Another context of the kubeconfig than the current one."),
    ]

    /// This access with what a step overrides.
    func overridden(by input: StepInput) throws(StepError) -> ClusterAccess {
        var access = self
        if let kubeconfig = try input.optionalString("kubeconfig") {
            access.kubeconfig = kubeconfig
            access.context = nil
        }
        if let context = try input.optionalString("context") { access.context = context }
        return access
    }
}
