import Steps
import Testing
import Workflow

struct StepErrorTests {
    @Test(
        "a lost reply leaves a change unknown, and a question merely unanswered", arguments: HTTPFailure.Kind.allCases)
    func delivery(kind: HTTPFailure.Kind) {
        let lost = HTTPFailure(kind, .unknown, request: "POST http://host/", message: "m")
        #expect(StepError(lost, changes: true).kind == .outcomeUnknown)
        #expect(StepError(lost, changes: false).kind != .outcomeUnknown)
        let unsent = HTTPFailure(kind, .notSent, request: "POST http://host/", message: "m")
        #expect(StepError(unsent, changes: true).kind != .outcomeUnknown)
        #expect(StepError(unsent, changes: true).object == "POST http://host/")
    }

    @Test("a program's failures keep their remedy")
    func process() {
        let missing = StepError(ProcessFailure(.executableNotFound, "helm", "not found in PATH"))
        #expect(missing.kind == .permanent)
        #expect(missing.remedy?.contains("install Helm") == true)
        let late = StepError(ProcessFailure(.timedOut(after: .seconds(5)), "helm", "waiting"), object: "release a/b")
        #expect(late.kind == .timedOut)
        #expect(late.description.contains("release a/b: helm: stopped after 5"))
    }
}
