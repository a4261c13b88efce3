import Foundation
import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLUsersAbsentTests {
    @Test("a server that knows no pages is asked for one more, and each user is there once")
    func pages() async throws {
        let company = "0123456789abcdef0123456789abcdef"
        let users = (0..<500).map { #"{"id":"u\#($0)"}"# }.joined(separator: ",")
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                let data =
                    switch request.line {
                    case let line where line.contains("users.get_all"): #"{"users":[\#(users)]}"#
                    // As which user is asked: without one, it is the server's own.
                    case _ where request.headers["x-clearml-act-as"] != nil:
                        #"{"user":{"id":"u7","company":{"id":"\#(company)"}}}"#
                    default: #"{"user":{"id":"s","company":{"id":"d1bd92a3b039400cbafc60a7a5b1e52b"}}}"#
                    }
                connection.reply(body: ClearMLReply.body(data: data))
            }
        }
        let step = try StepProbe(
            ClearMLUsersAbsent(.forTests()),
            ["url": .string(server.url), "key": "K", "secret": "S", "company": .string(company), "user": "u7"])
        guard case .differs(let changes, _) = try await step.observe() else {
            Issue.record("there is nothing to remove")
            return
        }
        #expect(changes.count == 500)
        #expect(server.requests.count { $0.line.contains("users.get_all") } == 2)
    }
}
