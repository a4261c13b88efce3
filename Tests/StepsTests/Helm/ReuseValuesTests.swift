import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// `helm.release` with `reuse_values`: an upgrade that goes on with the values that the release has.
struct ReuseValuesTests {
    private let directory: TemporaryDirectory
    private let chart: String

    init() throws {
        directory = try TemporaryDirectory()
        chart = try TestChart.write(TestChart.web, to: directory)
    }

    /// A helm that knows one release.
    ///
    /// - Parameter revisions: Status and values of each, from 1 on.
    private func helm(_ revisions: [(status: String, values: String)]) -> ScriptedPrograms {
        let list = revisions.enumerated().map { index, revision in
            #"{"revision": \#(index + 1), "updated": "2026-01-01T00:00:00Z", "status": "\#(revision.status)"}"#
        }
        let history = "[" + list.joined(separator: ",") + "]"
        return ScriptedPrograms { arguments in
            if arguments.contains("history") { return history }
            if arguments.contains("version") { return "v3.19.0" }
            if arguments.contains("show") { return "{name: web, version: 1.2.3}" }
            guard let place = arguments.firstIndex(of: "--revision"), let number = Int(arguments[place + 1]) else {
                return ""
            }
            let revision = revisions[number - 1]
            if arguments.contains("values") { return revision.values }
            let facts = [
                "{{.Release.Info.Status}}": revision.status, "{{.Release.Version}}": "\(number)",
                "{{.Release.Chart.Metadata.Name}}": "web", "{{.Release.Chart.Metadata.Version}}": "1.2.3",
            ]
            return facts.reduce(arguments.last ?? "") { $0.replacing($1.key, with: $1.value) }
                .replacing(/\{\{.*?\}\}/, with: "")
        }
    }

    private func step(_ helm: ScriptedPrograms, _ values: Value, reusing: Bool = true) throws -> StepProbe {
        try StepProbe(
            HelmRelease(try helm.access(), versions: HelmVersionCache(), now: { .distantFuture }),
            [
                "release": "shop", "namespace": "shops", "chart": .string(chart), "values": values,
                "reuse_values": .bool(reusing),
            ])
    }

    private func changes(_ step: StepProbe) async throws -> [Change] {
        guard case .differs(let changes, _) = try await step.observe() else { return [] }
        return changes
    }

    private static let held = #"{"colour": "red", "pods": {"least": 1, "most": 9}}"#

    @Test("only what is given is compared, at any depth; a null says nothing")
    func compared() async throws {
        let helm = helm([("deployed", Self.held)])
        let wanted: Value = ["pods": ["most": 12, "least": .null], "colour": .null]
        #expect(
            try await changes(step(helm, wanted)) == [
                Change("release shops/shop values pods.most", from: 9, to: 12)
            ])
        #expect(try await step(helm, ["pods": ["most": 9]]).isPresent())
        #expect(try await step(helm, [:]).isPresent())
        #expect(try await !changes(step(helm, [:], reusing: false)).isEmpty, "without it the values are all there is")
    }

    @Test("an upgrade gives helm the values of the revision that is deployed, with those that are wanted over them")
    func applied() async throws {
        // One that failed later had others, which nobody wants.
        let helm = helm([
            ("superseded", #"{"colour": "blue"}"#), ("deployed", Self.held), ("failed", #"{"colour": "pink"}"#),
        ])
        let step = try step(helm, ["pods": ["most": 12], "size": 3, "colour": .null])
        #expect(try await step.differs())
        _ = try await step.apply()
        let given = try #require(helm.inputs(of: "upgrade").first)
        #expect(
            try Value(json: given) == ["colour": "red", "pods": ["least": 1, "most": 12], "size": 3])
        #expect(helm.asked.contains { $0.contains("upgrade") && $0.contains("--reset-values") })
    }

    @Test("where nothing was ever installed there is nothing to go on with")
    func nothing() async throws {
        let missing = try await step(helm([]), [:]).refusalToObserve()
        #expect(missing.kind == .permanent && missing.message.contains("never been installed"))
        let failed = helm([("failed", Self.held)])
        let refused = try await step(failed, [:]).refusalToApply()
        #expect(refused.kind == .permanent && refused.message.contains("never been installed"))
        #expect(!failed.asked.contains { $0.contains("upgrade") })
    }
}
