package import Workflow

extension ClearMLTransport {
    /// The step kinds of this folder.
    ///
    /// - Parameters:
    ///   - access: The cluster in which steps keep what they have to know again.
    ///   - randomBytes: Gives so many random bytes.
    package func clearMLKinds(
        cluster access: ClusterAccess, randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) -> [any StepKind] {
        [
            ClearMLReady(self), ClearMLSettings(), ClearMLGroups(access, randomBytes: randomBytes),
            ClearMLApplications(access, self), ClearMLVersion(self), ClearMLCompany(access, self),
            ClearMLCompanySettings(self), ClearMLCompanyAbsent(access, self), ClearMLUser(self),
            ClearMLUsersAbsent(self), ClearMLUserCredentials(self), ClearMLCredentialsRevoked(self),
            ClearMLSSODomains(self), ClearMLQueue(self), ClearMLQueueAbsent(self), ClearMLCompanyLookup(self),
            ClearMLUserLookup(self), ClearMLSSODomainsLookup(self),
        ]
    }
}
