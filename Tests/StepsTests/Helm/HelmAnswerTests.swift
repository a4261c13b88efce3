import Foundation
import Steps
import Testing
import Workflow

/// Answers that helm should not give.
struct HelmAnswerTests {
    @Test("a search that is not JSON is a failure of helm's, which may pass")
    func search() async throws {
        let programs = ScriptedPrograms { $0.contains("search") ? "WARNING: a plugin speaks here" : "" }
        let step = try StepProbe(
            HelmRepository(try programs.access()), ["url": "https://charts.example.com", "charts": ["web"]])
        let error = try await step.refusalToApply()
        #expect(error.kind == .transient)
        #expect(error.message.contains("not JSON"))
        #expect(error.remedy?.contains("helm search repo") == true)
    }

    @Test("a revision that cannot be dropped from helm's history is told, and not dropped for ever")
    func dropping() async throws {
        let history = """
            [{"revision": 1, "updated": "2026-01-01T00:00:00Z", "status": "deployed", "chart": "web-1.2.3"},
            {"revision": 2, "updated": "2026-01-02T00:00:00Z", "status": "pending-upgrade", "chart": "web-1.2.3"}]
            """
        let programs = ScriptedPrograms { $0.contains("history") ? history : "" }
        let step = try StepProbe(
            HelmRelease(try programs.access(), versions: HelmVersionCache(), now: { .distantFuture }),
            ["release": "shop", "namespace": "shops", "chart": "/charts/web"])
        let error = try await step.refusalToApply()
        #expect(error.kind == .transient)
        #expect(error.message.contains("revision 2 is still in helm's history"))
        #expect(error.remedy?.contains("namespace shops") == true)
        #expect(programs.asked.count { $0.contains("delete") } == 1)
    }
}
