import ArgumentParser

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the program's version.")

    func run() { Terminal.print("runner \(RunnerProgram.version)") }
}

struct CompletionsCommand: ParsableCommand {
    enum Shell: String, ExpressibleByArgument {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Prints completions for a shell.",
        discussion: "bash: runner completions bash >/etc/bash_completion.d/runner")
    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() {
        let shell: CompletionShell = shell == .bash ? .bash : shell == .zsh ? .zsh : .fish
        Terminal.print(RunnerProgram.completionScript(for: shell))
    }
}
