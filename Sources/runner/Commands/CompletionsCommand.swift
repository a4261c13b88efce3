import ArgumentParser

struct CompletionsCommand: ParsableCommand {
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Prints completions for a shell.",
        discussion: """
            They offer commands, options, and the names of runs, steps, workflows and step kinds.

            Examples:
              runner completions bash >/etc/bash_completion.d/runner
              runner completions zsh  >/usr/local/share/zsh/site-functions/_runner
              runner completions fish >~/.config/fish/completions/runner.fish
            """)
    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() {
        let shell: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Terminal.print(RunnerProgram.completionScript(for: shell))
    }
}
