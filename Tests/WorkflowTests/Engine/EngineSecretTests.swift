import Foundation
import GRDB
import Testing
import Workflow

/// A secret's value is in no byte of the database, in no form.
@Suite(.timeLimit(.minutes(10))) struct EngineSecretTests {
    private let bench: EngineBench
    init() throws { bench = try EngineBench() }

    private static let token = "t0k/en+w!th \"signs\" & Ümlaut=="
    private static let key = "generated-key-0123456789"

    private func expectNowhere(_ secret: String) throws {
        let bytes = try bench.fileBytes()
        #expect(bytes.count > 1000)
        let json = String(Value.string(secret).canonicalJSON.dropFirst().dropLast())
        var forms = [secret, json, Data(secret.utf8).base64EncodedString()]
        for allowed in [CharacterSet.urlQueryAllowed, .alphanumerics] {
            forms.append(try #require(secret.addingPercentEncoding(withAllowedCharacters: allowed)))
        }
        for form in forms { #expect(bytes.range(of: Data(form.utf8)) == nil, "\(form)") }
        // Within a longer text, base64 of it looks otherwise.
        for before in ["user:", "x", "xy"] {
            let encoded = Data((before + secret + ":tail").utf8).base64EncodedString()
            let middle = encoded.dropFirst(8).dropLast(8)
            #expect(bytes.range(of: Data(middle.utf8)) == nil, "\(before)")
        }
    }

    @Test func aSecretInOutputsLogsErrorsAndPriorStatesIsNotWritten() async throws {
        try await bench.working { session async throws in
            let token = Self.token
            await session.world.onObserve("a") { attempt in
                attempt == 1 ? .absent(prior: .string("before \(token)")) : .unknown("cannot see \(token)")
            }
            await session.world.onApply("a") { input, _, context in
                #expect(input["value"] == .string("Bearer \(token)"))
                context.log(.stdout, "using \(token)")
                context.log(.stderr, "Basic \(Data("user:\(token):tail".utf8).base64EncodedString())")
                context.log(.note, "?q=\(token.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")")
                if context.attempt == 1 {
                    throw StepError(.transient, "refused \(token)", object: "http://x?\(token)", remedy: "not \(token)")
                }
                return StepOutput([
                    "name": "a",
                    "value": .array([
                        .string(token), ["k \(token)": .string("in \(Data(token.utf8).base64EncodedString())")],
                    ]),
                ])
            }
            let text = """
                workflow: w
                secrets: [token]
                steps: { a: { uses: thing, with: { name: a, value: "Bearer ${{ secrets.token }}" } } }
                outputs: { all: "${{ steps.a.value }}" }
                """
            #expect(try await session.begin(text, secrets: ["token": token]) == .done)
            await session.awaitRetry(of: 0)
            #expect(await session.settled() == .succeeded)
            #expect(try await session.output().contains("using ***"))
            try expectNowhere(token)
        }
        try expectNowhere(Self.token)
    }

    /// Runs a workflow whose process dies while its step `gate` waits for an approval, and goes on in the next one.
    private func runOverACrash(_ text: String, _ check: (EngineSession) async throws -> Void) async throws {
        let session = try await bench.start()
        #expect(try await session.begin(text) == .done)
        await session.journal.event { if case .waitStarted = $1 { true } else { false } }
        await session.crash()
        try await bench.working { session async throws in
            #expect(
                await session.engine.submit(.approve(RunID("r1"), step: "gate", by: EngineBench.ada, reason: nil))
                    == .done)
            #expect(await session.settled() == .succeeded)
            try await check(session)
        }
    }

    @Test func secretOutputsAreSealedAndReadByLaterStepsAfterARestart() async throws {
        let text = """
            workflow: w
            steps:
              a: { uses: thing, with: { name: a } }
              gate: { uses: approval, needs: [a], with: { message: "key ${{ steps.a.key }}" } }
              b: { uses: thing, needs: [gate], with: { name: b, value: "key ${{ steps.a.key }}" } }
            """
        let key = Self.key
        await bench.world.onApply("a") { [world = bench.world] _, _, _ in
            await world.put("a", true)
            return StepOutput(["name": "a", "value": .string("not \(key)")], secrets: ["key": key])
        }
        await bench.world.onApply("b") { _, _, context in
            context.log(.stdout, "with \(key)")
            return nil
        }
        try await runOverACrash(text) { session async throws in
            #expect(await session.world.things["b"] == .string("key \(key)"))
            #expect(try await session.state("a").output == ["name": "a", "value": "not ***"])
            #expect(try await session.output(step: "b") == ["with ***"])
            let events = try await session.journal.entries(of: RunID("r1"), after: 0).flatMap(\.events)
            #expect(events.contains { if case .waitStarted(_, .approval("key ***", _)) = $0 { true } else { false } })
        }
        try expectNowhere(key)
    }

    @Test func secretValuesAreSealedWithTheirTextsAndReadByLaterStepsAfterARestart() async throws {
        let text = """
            workflow: w
            steps:
              a: { uses: thing, with: { name: a } }
              gate: { uses: approval, needs: [a], with: { message: "go?" } }
              b: { uses: thing, needs: [gate], with: { name: b, value: "key ${{ steps.a.value.tokens[1] }}" } }
            """
        let key = Self.key
        await bench.world.onApply("a") { _, _, _ in
            StepOutput(["name": "a"], secretValues: ["value": ["tokens": ["of old", .string(key)], "count": 2]])
        }
        await bench.world.onApply("b") { _, _, context in
            context.log(.stdout, "with \(key), of old")
            return nil
        }
        try await runOverACrash(text) { session async throws in
            #expect(await session.world.things["b"] == .string("key \(key)"))
            #expect(try await session.state("a").output == ["name": "a"])
            #expect(try await session.output(step: "b") == ["with ***, ***"])
        }
        try expectNowhere(key)
    }

    @Test func aRevertGetsTheSecretOutputs() async throws {
        try await bench.working { session async throws in
            let key = Self.key
            await session.world.onApply("a") { _, _, _ in StepOutput(["name": "a"], secrets: ["key": key]) }
            #expect(
                try await session.run("workflow: w\nsteps: { a: { uses: thing, with: { name: a } } }") == .succeeded)
        }
        let key = Self.key
        await bench.world.onRevert("a") { _, _, context in
            context.log(.note, "revoking \(key)")
            return nil
        }
        try await bench.working { session async throws in
            #expect(await session.rollback() == .rolledBack)
            #expect(try await session.output() == ["revoking ***"])
        }
        try expectNowhere(key)
    }

    @Test func withTheWrongKeyTheStepThatNeedsASecretFails() async throws {
        let text = """
            workflow: w
            secrets: [token]
            steps:
              gate: { uses: approval, with: { message: m } }
              a: { uses: thing, needs: [gate], when: "${{ secrets.token != '' }}", with: { name: a, value: "${{ secrets.token }}" } }
            """
        let session = try await bench.start()
        #expect(try await session.begin(text, secrets: ["token": "for another key"]) == .done)
        await session.journal.event { if case .waitStarted = $1 { true } else { false } }
        await session.crash()
        let wrong = try Sealer(key: Data(repeating: 8, count: 32)).seal(["token": "for another key"], context: "r1")
        try await SQLiteJournal(path: bench.path).write { database in
            try database.execute(sql: "UPDATE secrets SET sealed = ?", arguments: [wrong])
        }
        try await bench.working { session async throws in
            #expect(
                await session.engine.submit(.approve(RunID("r1"), step: "gate", by: EngineBench.ada, reason: nil))
                    == .done)
            #expect(await session.settled() == .failed)
            #expect(try await session.state("a").failure?.message.contains("cannot be opened with this key") == true)
            // Bound anew, it goes on, and its condition is looked at again.
            let sealed = try bench.sealer.seal(["token": ""], context: "r1")
            #expect(
                await session.engine.submit(.resume(RunID("r1"), by: EngineBench.ada, sealedSecrets: sealed)) == .done)
            #expect(await session.settled() == .succeeded)
            #expect(try await session.states() == "gate succeeded, a skipped")
        }
    }

    @Test func itemsMustNotHoldASecret() async throws {
        try await bench.working { session async throws in
            let text = """
                workflow: w
                inputs: { words: { type: array, items: { type: string } } }
                secrets: [token]
                steps: { a: { uses: thing, for_each: "${{ inputs.words }}", with: { name: "${{ item }}" } } }
                """
            #expect(
                try await session.run(text, inputs: ["words": ["a-very-secret"]], secrets: ["token": "a-very-secret"])
                    == .failed)
        }
    }
}
