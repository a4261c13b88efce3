import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// One run from its start to its end, whatever happens to the processes that drive it.
///
/// Who plays the operator looks at the run as anybody could, starts the command that helps, and may have a fault given to
/// that process too.
final class Life {
    let world: World
    private(set) var faultsMet: [Fault.Kind: Int] = [:]
    /// All processes, for the report of a failure.
    private(set) var story: [String] = []
    private var random: SeededGenerator
    /// Gives the next process its fault.
    private let nextFault: () -> Fault?
    /// Gets a line for each call of the first process that changes a file; such a life is not disturbed.
    private let log: String?
    /// Lines that processes have printed: what the user was told has happened.
    private(set) var told: [String] = []

    /// - Parameters:
    ///   - log: A file; see above.
    ///   - faults: One for each of the first processes; those after them have none.
    init(
        _ world: World, using random: SeededGenerator, log: String? = nil,
        faults: @escaping () -> Fault?
    ) {
        self.world = world
        self.random = random
        self.log = log
        nextFault = faults
    }

    /// Brings the run to its end, and checks that it is the right one.
    func live() async throws {
        var isThere = false
        for _ in 0..<200 {
            guard isThere else {
                // Killed before the run was on disk, there is nothing to go on with.
                isThere = try await drive(world.start)
                if !isThere { isThere = try await state() != nil }
                continue
            }
            // Without a look before: so that the process meets the files as the last one left them.
            if chance(2) {
                _ = try await drive(["resume", "last", "--json"])
                continue
            }
            let state = try #require(try await state(), "the run is gone\n\(report)")
            switch state.status {
            case "succeeded", "rolledBack": return try await check(state)
            case "unknown": try await resolve()
            default:
                for step in state.waiting where chance(2) { try await answer(step, fault: nextFault()) }
                _ = try await drive(["resume", "last", "--json"], waiting: state.waiting)
            }
        }
        Issue.record("the run does not end\n\(report)")
    }

    var report: String {
        "\(world.ending.rawValue), the record:\n\(world.lines.joined(separator: "\n"))\nthe processes:\n"
            + story.joined(separator: "\n")
    }

    // MARK: - Processes

    /// Starts a process that drives the run, and answers what steps wait for meanwhile.
    ///
    /// - Parameter waiting: Steps that wait for somebody already.
    /// - Returns: Whether the run is there for sure.
    private func drive(_ arguments: [String], waiting: [String] = []) async throws -> Bool {
        let fault = nextFault()
        let process = try start(arguments, fault)
        async let ended = process.result()
        let deadline = fault?.delay.map { ContinuousClock.now + $0 }
        var answered: Set<String> = []
        var heard = (bytes: -1, at: ContinuousClock.now)
        let before = Self.waiting(in: told).union(waiting)
        var isSpent = false
        func end(children: Bool) {
            process.kill(children: children)
            isSpent = true
        }
        while !isSpent, ProcessWatch.isAlive(process.pid) {
            if let deadline, deadline < .now {
                end(children: fault?.kind == .killedWhole)
            }
            let output = process.output
            if output.utf8.count != heard.bytes {
                heard = (output.utf8.count, .now)
                for step in Self.waiting(in: Self.events(in: output), after: before) where !answered.contains(step) {
                    guard log != nil || !chance(8) else {
                        end(children: false)
                        break
                    }
                    answered.insert(step)
                    try await answer(step, fault: nil)
                }
            } else if heard.at + .milliseconds(700) < .now {
                // It waits for an answer, as it has said to a process before this one.
                end(children: false)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        let result = await ended
        note(arguments, fault, result)
        let events = Self.events(in: result.output)
        told += events
        // One that was slow may have ended by its own fault in the moment in which it was given up.
        expect(result, result.isKilled && isSpent && fault?.delay == nil ? nil : fault, to: [0, 1, 3, 66])
        return !events.isEmpty
    }

    /// Says what a step waits for, as a process of its own.
    private func answer(_ step: String, fault: Fault?) async throws {
        let arguments = step == "ask" ? ["approve", "last", "ask"] : ["signal", "last", "go"]
        // Refused (3) where it was said before, by a process that did not live to tell.
        try await say(arguments, fault, to: [0, 3])
    }

    /// Looks at the world in place of the operator, and says what became of a step that cannot be asked.
    private func resolve() async throws {
        let choice = world.count("apply once") > 0 ? "--adopt" : "--redo"
        try await say(["resolve", "last", "once", choice, "--reason", "looked"], nextFault(), to: [0, 3])
    }

    private func say(_ arguments: [String], _ fault: Fault?, to statuses: [Int32]) async throws {
        let fault = fault?.delay == nil ? fault : nil
        let result = await (try start(arguments, fault)).result()
        note(arguments, fault, result)
        expect(result, fault, to: statuses)
    }

    private func start(_ arguments: [String], _ fault: Fault?) throws -> RunningProgram {
        let watched = fault ?? (log == nil ? nil : Fault(kind: .before, number: 0))
        let variables = watched?.environment(in: world.home, log: log) ?? [:]
        return try world.home.start(arguments, environment: variables.merging(["TOKEN": World.token]) { $1 })
    }

    /// A process ends as it is documented, and says what to do where the store failed.
    private func expect(_ result: Program.Result, _ fault: Fault?, to statuses: [Int32]) {
        if result.isKilled {
            #expect(result.status == 128 + SIGKILL, "ended by signal \(result.status - 128)\n\(report)")
            faultsMet[fault.map { $0.kind.isDeath ? $0.kind : .killed } ?? .killed, default: 0] += 1
            return
        }
        guard result.status == 74, let fault, Fault.Kind.ofStore.contains(fault.kind) else {
            #expect(statuses.contains(result.status), "ended with \(result.status)\n\(report)")
            return
        }
        faultsMet[fault.kind, default: 0] += 1
        #expect(
            result.error.contains("fix: ") && result.error.contains(world.home.name),
            "\(result.error)\n\(report)")
    }

    private func note(_ arguments: [String], _ fault: Fault?, _ result: Program.Result) {
        let error = result.error.isEmpty ? "" : "\n    " + result.error.replacing("\n", with: "\n    ")
        story.append("  \(arguments.joined(separator: " ")) [\(fault?.description ?? "")] -> \(result.status)\(error)")
    }

    private func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

    /// Whole lines only: the last one may be cut off.
    private static func events(in output: String) -> [String] {
        output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().filter { $0.hasPrefix("{") }
            .map(String.init)
    }

    /// The steps that wait for somebody, as far as these events tell.
    private static func waiting(in events: [String], after before: Set<String> = []) -> Set<String> {
        var steps = before
        for line in events {
            guard line.contains("ask") || line.contains("told") || line.contains(#""signal""#),
                let event = try? Value(json: line)
            else { continue }
            switch (event["event"], event["step"]) {
            case ("wait", "ask"): steps.insert("ask")
            case ("wait", "told"): steps.insert("told")
            case ("approve", _): steps.remove("ask")
            case ("ok", "told"), ("signal", _): steps.remove("told")
            default: break
            }
        }
        return steps
    }

    // MARK: - The end

    struct State {
        var status: String
        /// Steps that wait for somebody.
        var waiting: [String]
    }

    /// What `runner show` tells; nil where there is no run.
    private func state() async throws -> State? {
        let result = try await world.home.run("show", "last", "--json")
        guard result.status != 66 else { return nil }
        try #require(result.status == 0, "\(result.error)\n\(report)")
        let run = try Value(json: result.output)
        let waiting = (run["steps"]?.arrayValue ?? []).filter { $0["status"] == "waiting" }
            .compactMap { $0["id"]?.stringValue }
        return State(
            status: run["status"]?.stringValue ?? "", waiting: waiting.filter { ["ask", "told"].contains($0) })
    }
}
