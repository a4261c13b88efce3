import ArgumentParser
import Workflow

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with a run that was interrupted or cancelled, or that has failed.",
        discussion: """
            No finished step is done again; a rollback that was interrupted is gone on with as well. Secrets are kept from before; those that are bound again are fetched anew.

            Examples:
              runner resume last
              runner resume last --secret helm_repo_token=env:NEW_TOKEN

            \(ExitStatus.ofRuns)
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var bindings: SecretOptions
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await argument.drive(in: database, show) { session, record in
            .resume(record.id, by: session.actor, sealedSecrets: try await rebind(session, record))
        }
    }

    /// The run's secrets with those that were given anew; nil keeps them as they are.
    private func rebind(_ session: Session, _ record: RunRecord) async throws -> String? {
        let given = try bindings.sources()
        guard !given.isEmpty else { return nil }
        let definition = try await session.workflow(of: record).definition
        let inputs = definition.inputs.filter(\.secret).map(\.name)
        let names = definition.secrets.map(\.name) + inputs
        if let unknown = given.keys.sorted().first(where: { !names.contains($0) }) {
            throw CommandFailure(
                .badData, "workflow '\(definition.name)' has no secret '\(unknown)'",
                fix: names.isEmpty ? "leave it out; it takes none" : "its secrets: \(names.joined(separator: ", "))")
        }
        let sealer = try session.home.sealer()
        var values: [String: String] = [:]
        do {
            if let kept = try await session.journal.sealedSecrets(of: record.id) {
                values = try sealer.open(kept, context: record.id.rawValue)
            }
        } catch let error as SealError {
            // The key is another one: that is no harm where nothing of the old is needed.
            let needed = definition.secrets.filter(\.required).map(\.name) + inputs
            guard needed.allSatisfy({ given[$0] != nil }) else { throw error }
        }
        values.merge(try await SecretSource(environment: session.environment).fetch(given)) { $1 }
        return try sealer.seal(values, context: record.id.rawValue)
    }
}
