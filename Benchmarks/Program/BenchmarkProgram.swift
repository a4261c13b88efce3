import ArgumentParser

/// Measures the engine, and the limit that this machine sets beside it.
@main
struct BenchmarkProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks", abstract: "Measures the engine against the limit that SQLite sets.",
        subcommands: [RunCommand.self, CompareCommand.self, WorkCommand.self], defaultSubcommand: RunCommand.self)
}
