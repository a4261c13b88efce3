import Workflow

extension PreparedRun {
    /// What asks an engine to start this as a new run; its workflow is stored then.
    ///
    /// - Parameters:
    ///   - parallel: How many steps run at once.
    ///   - group: Runs that share it do not run at the same time; nil: as the workflow says.
    func start(_ session: Session, parallel: Int, group: String? = nil) async throws -> EngineRequest {
        let (definition, bundle) = (workflow.definition, workflow.bundle)
        var random = SystemRandomNumberGenerator()
        let id = RunID(at: session.time.now(), using: &random)
        let header = RunHeader(
            workflow: definition.name, version: definition.version, bundle: bundle.hash, inputs: inputs,
            secretSources: sources, parallel: parallel, by: session.actor, group: group)
        let sealed = sealable.isEmpty ? nil : try session.home.sealer().seal(sealable, context: id.rawValue)
        try await session.journal.store(bundle: bundle.encoded, hash: bundle.hash)
        return .start(id, header, sealedSecrets: sealed)
    }
}
