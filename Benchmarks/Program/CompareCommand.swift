import ArgumentParser
import Foundation

/// `benchmarks compare`: what has changed between two reports.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Shows what has changed since a stored report.",
        discussion: "Machines differ and are noisy: what tells most is the share of the limit, taken in the same run.")

    @Argument(help: "The stored report.") var before: String
    @Argument(help: "The new report.") var after: String

    func run() throws {
        let (old, new) = (try read(before), try read(after))
        if old.machine != new.machine { print("measured on another machine: compare shares of the limit only\n") }
        let known = Dictionary(old.figures.map { ($0.name, $0) }) { $1 }
        let rows = new.figures.map { figure -> [String] in
            guard let before = known[figure.name] else {
                return [figure.name, "", Figure.text(figure.value), "", figure.unit]
            }
            let change = before.value == 0 ? 0 : 100 * (figure.value / before.value - 1)
            return [
                figure.name, Figure.text(before.value), Figure.text(figure.value), String(format: "%+.0f %%", change),
                figure.unit,
            ]
        }
        print(Report.table(["figure", "before", "now", "change", "unit"], rows))
    }

    private func read(_ path: String) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
