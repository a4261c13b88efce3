package import Foundation
package import Workflow

extension ClusterAccess {
    /// The step kinds of this folder.
    ///
    /// - Parameter now: Wall-clock time.
    package func helmKinds(now: @escaping @Sendable () -> Date) -> [any StepKind] {
        let versions = HelmVersionCache()
        return [
            HelmRepository(self), HelmRegistry(self), HelmRelease(self, versions: versions, now: now),
            HelmAbsent(self, versions: versions), HelmReleases(self), HelmRestart(self),
        ]
    }
}
