import ArgumentParser
import Foundation
import Workflow

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what a run would do. Only looks; changes nothing.",
        discussion: "Ends with 0; with --exit-code, with 2 where a run would change something. 1: a step could not be looked at.")

    @Argument(help: "The path of a workflow's file, or the name of a shipped one.") var workflow: String
    @OptionGroup var given: GivenOptions
    @Option(help: ArgumentHelp("Saves the plan for 'run --plan'.", valueName: "file")) var out: String?
    @Flag(help: "One JSON object.") var json = false
    @Flag(help: "End with 2 where something would change.") var exitCode = false
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let session = try Session(database)
        let prepared = try await PreparedRun(workflow, given, session)
        let plan = try await prepared.plan(session)
        if let out { try SavedPlan(plan: plan, bundle: prepared.workflow.bundle, sources: prepared.sources).write(to: out) }
        if json {
            Terminal.print(try Value(encoding: plan).canonicalJSON)
        } else {
            Terminal.print(PlanText(plan: plan).text)
            if let out { Terminal.print("saved; do it with: runner run --plan \(out)") }
        }
        if plan.counts[.failed, default: 0] > 0 { throw ExitStatus.failed }
        if exitCode, !plan.isEmpty { throw ExitStatus.changes }
    }
}

extension PreparedRun {
    /// What a run of this would do.
    func plan(_ session: Session) async throws -> Plan {
        let planner = Planner(catalog: session.catalog, time: session.time, dataDirectory: session.home.dataDirectory)
        return try await planner.plan(workflow, inputs: inputs, secrets: secrets) { step, line in
            if session.environment["RUNNER_VERBOSE"] != nil { Terminal.note("\(step): \(line)") }
        }
    }
}

/// A plan in a file: what was found, and all it takes to do it but for the values of secrets.
struct SavedPlan: Codable {
    var format = 1
    var plan: Plan
    var bundle: WorkflowBundle
    var sources: [String: String]

    init(plan: Plan, bundle: WorkflowBundle, sources: [String: String]) {
        self.plan = plan
        self.bundle = bundle
        self.sources = sources
    }

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.notFound, "there is no file \(path)", fix: "make a plan with 'runner plan WORKFLOW --out \(path)'")
        }
        do {
            self = try Value(json: data).decoded(as: SavedPlan.self)
        } catch {
            throw CommandFailure(.badData, "\(path) is no saved plan", fix: "make one with 'runner plan WORKFLOW --out \(path)'")
        }
        guard format == 1 else { throw CommandFailure(.badData, "\(path) was saved by a newer runner", fix: "plan again") }
    }

    func write(to path: String) throws {
        let data = Data(try Value(encoding: self).canonicalJSON.utf8)
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        } catch {
            throw CommandFailure(.inputOutput, "cannot write \(path): \(error.localizedDescription)")
        }
    }

    func prepare(_ session: Session) async throws -> PreparedRun {
        let workflow = try WorkflowLoader.load(bundle: bundle, catalog: session.catalog)
        let secrets = try await SecretSource(environment: session.environment).fetch(sources)
        return PreparedRun(workflow: workflow, inputs: plan.inputs, sources: sources, secrets: secrets)
    }

    /// - Throws: Where a step would now do something else than the plan says.
    func requireUnchanged(_ prepared: PreparedRun, _ session: Session) async throws {
        let now = try await prepared.plan(session)
        guard now.steps != plan.steps else { return }
        let old = Dictionary(plan.steps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let changed = now.steps.filter { old[$0.id] != $0 }.map { step in
            "\(step.id): planned \(old[step.id]?.action.rawValue ?? "nothing"), now \(step.action.rawValue)"
        }
        throw CommandFailure(
            .changes, "the world has changed since the plan was made:\n  " + changed.joined(separator: "\n  "),
            fix: "look at it, then plan again")
    }
}

/// A plan for people.
struct PlanText {
    let plan: Plan

    var text: String {
        var lines = ["plan of \(plan.workflow), version \(plan.version)"]
        add(plan.steps, indent: "  ", to: &lines)
        let counts = plan.counts
        func count(_ action: PlannedStep.Action) -> Int { counts[action, default: 0] }
        lines.append(
            "\(count(.create)) to create, \(count(.change)) to change, \(count(.none)) as wanted, \(count(.run)) only read or "
                + "wait, \(count(.unknown)) unknown until apply, \(count(.skip)) skipped"
                + (count(.failed) > 0 ? ", \(count(.failed)) could not be looked at" : ""))
        if plan.isEmpty { lines.append("nothing would change") }
        return lines.joined(separator: "\n")
    }

    private func add(_ steps: [PlannedStep], indent: String, to lines: inout [String]) {
        for step in steps {
            let point = step.isPointOfNoReturn && !step.isQuiet ? "  (point of no return)" : ""
            let reason = step.reason.map { "  \($0)" } ?? ""
            lines.append("\(indent)\(Self.mark(step.action)) \(step.id)  \(step.uses)\(point)\(reason)")
            for change in step.changes {
                lines.append("\(indent)    \(change.path): \(change.from?.shortText ?? "nothing") → \(change.to?.shortText ?? "nothing")")
            }
            add(step.steps, indent: indent + "    ", to: &lines)
        }
    }

    private static func mark(_ action: PlannedStep.Action) -> String {
        switch action {
        case .create: "+"
        case .change: "~"
        case .none: "="
        case .run: "·"
        case .unknown: "?"
        case .skip: "-"
        case .failed: "✗"
        }
    }
}
