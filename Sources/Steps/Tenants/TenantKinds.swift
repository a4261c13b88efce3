package import Workflow

extension TenantRegistry {
    /// The step kinds of this folder.
    ///
    /// - Parameter access: The cluster whose Services may hold ports.
    package func tenantKinds(cluster access: ClusterAccess) -> [any StepKind] {
        [TenantList(self), TenantLookup(self), TenantPorts(self, access), TenantRecord(self)]
    }
}
