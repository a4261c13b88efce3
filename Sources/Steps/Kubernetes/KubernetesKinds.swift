package import Workflow

extension ClusterAccess {
    /// The step kinds of this folder.
    ///
    /// - Parameter randomBytes: Gives so many bytes fit for passwords.
    package func kubernetesKinds(randomBytes: @escaping @Sendable (Int) -> [UInt8]) -> [any StepKind] {
        [
            KubernetesPreflight(self), KubernetesApply(self), KubernetesLabel(self), KubernetesWait(self),
            KubernetesScale(self), KubernetesSecret(self, randomBytes: randomBytes), KubernetesAbsent(self),
            KubernetesNamespaceAbsent(self), KubernetesVolumes(self), KubernetesLeftovers(self),
        ]
    }
}
