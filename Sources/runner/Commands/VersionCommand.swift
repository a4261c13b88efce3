import ArgumentParser

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the program's version.")

    func run() { Terminal.print("runner \(RunnerProgram.version)") }
}
