import Foundation
import Workflow

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
            throw CommandFailure(
                .notFound, "there is no file \(path)", fix: "make a plan with 'runner plan WORKFLOW --out \(path)'")
        }
        do {
            self = try Value(json: data).decoded(as: SavedPlan.self)
        } catch {
            throw CommandFailure(
                .badData, "\(path) is no saved plan", fix: "make one with 'runner plan WORKFLOW --out \(path)'")
        }
        guard format == 1 else {
            throw CommandFailure(.badData, "\(path) was saved by a newer runner", fix: "plan again")
        }
    }

    func write(to path: String) throws {
        let data = Data(try Value(encoding: self).canonicalJSON.utf8)
        do {
            // Inputs and found differences may be nobody else's business: others must not read it for a moment either.
            let draft = path + ".\(ProcessInfo.processInfo.processIdentifier)"
            defer { try? FileManager.default.removeItem(atPath: draft) }
            guard FileManager.default.createFile(atPath: draft, contents: data, attributes: [.posixPermissions: 0o600]),
                rename(draft, path) == 0
            else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            throw CommandFailure(
                .inputOutput, "cannot write \(path): \(String(cString: strerror(errno)))",
                fix: "name another file with --out")
        }
    }

    /// - Parameter bindings: Sources of secrets that take the place of the saved ones.
    func prepare(_ session: Session, bindings: [String: String]) async throws -> PreparedRun {
        let workflow = try WorkflowLoader.load(bundle: bundle, catalog: session.catalog)
        return try await PreparedRun(
            workflow, values: plan.inputs, sources: sources.merging(bindings) { $1 }, session)
    }

    /// - Throws: Where a step would now do something else than the plan says.
    func requireUnchanged(_ prepared: PreparedRun, _ session: Session) async throws {
        let now = try await prepared.plan(session)
        try Task.checkCancellation()
        guard now.steps != plan.steps else { return }
        let old = Dictionary(plan.steps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let new = Set(now.steps.map(\.id))
        let changed =
            now.steps.filter { old[$0.id] != $0 }.map { step in
                let (was, now) = (old[step.id]?.action.rawValue ?? "nothing", step.action.rawValue)
                return "\(step.id): planned \(was), now \(was == now ? "\(now), but in another way" : now)"
            } + plan.steps.filter { !new.contains($0.id) }.map { "\($0.id): planned \($0.action.rawValue), now gone" }
        throw CommandFailure(
            .waits, "the world has changed since the plan was made:\n  " + changed.joined(separator: "\n  "),
            fix: "look at it, then plan again")
    }
}
