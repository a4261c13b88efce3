import Foundation
import TestSupport
import Testing

/// Asks again and again, while a tenant's keys are exchanged, what its users would notice: whether the gateway answers, and
/// whether the server takes the keys that the pods have started with.
///
/// A pod that is gone, or going, once its answers are in says nothing: only one that stays has to answer well.
actor RotationProbe {
    /// What was not as it has to be.
    private(set) var complaints: [String] = []
    /// Samples that began once the run's first step had begun, and ended before it took to revoking keys.
    private(set) var during = 0
    private(set) var samples = 0
    private let bench: TenantBench
    private let watch: StepWatch
    private var isOver = false

    /// - Parameter sequence: The end of the journal before the run.
    init(_ bench: TenantBench, after sequence: Int) throws {
        self.bench = bench
        watch = try StepWatch(.forth, bench.home.database, after: sequence)
    }

    /// Takes samples until it is told to end, or its test has failed.
    func go() async throws {
        while !isOver, !Task.isCancelled { try await sample() }
    }

    func end() { isOver = true }

    func sample() async throws {
        try watch.look()
        let isRotating = !watch.begun.isEmpty
        let pods = try await pods().filter(\.isReady)
        if !pods.contains(where: \.isGateway) { complaints.append("no pod of the gateway is ready") }
        var found: [String: String] = [:]
        for pod in pods { found[pod.metadata.uid] = try await fault(of: pod) }
        let staying = found.isEmpty ? [] : Set(try await self.pods().map(\.metadata.uid))
        complaints += found.filter { staying.contains($0.key) }.map(\.value)
        samples += 1
        try watch.look()
        if isRotating, watch.begun.isDisjoint(with: ["revoke", "revoke_given"]) { during += 1 }
    }

    /// What is wrong with a pod; nil where nothing is.
    private func fault(of pod: Pod) async throws -> String? {
        let name = pod.metadata.name
        let variables = try bench.sandbox.variables()
        let script =
            "echo $CLEARML_API_ACCESS_KEY && echo $CLEARML_API_SECRET_KEY && "
            + "wget -q -O - http://127.0.0.1:\(pod.isGateway ? "80/health" : "8000/alive")"
        let answer = try await Program("kubectl").run(
            ["exec", "-n", bench.name, name, "--", "sh", "-c", script], environment: variables)
        guard answer.status == 0, answer.lines.count == 3 else { return "\(name) does not answer: \(answer.text)" }
        let url = try #require(variables["SANDBOX_API_URL"])
        let status = try await Program("curl").run([
            "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", "\(answer.lines[0]):\(answer.lines[1])",
            "\(url)/users.get_current_user",
        ])
        return status.output == "200" ? nil : "the key of \(name) is answered with \(status.text)"
    }

    private struct Pod: Decodable {
        struct Metadata: Decodable { var uid: String, name: String, deletionTimestamp: String? }
        struct Status: Decodable {
            struct Condition: Decodable { var type: String, status: String }
            var conditions: [Condition]?
        }
        var metadata: Metadata
        var status: Status

        var isReady: Bool { status.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false }
        var isGateway: Bool { metadata.name.hasPrefix("clearml-ttr-") }
    }

    /// The pods that are there to stay.
    private func pods() async throws -> [Pod] {
        struct List: Decodable { var items: [Pod] }
        let text = try await bench.sandbox.kubectl("get", "pods", "-n", bench.name, "-o", "json")
        return try JSONDecoder().decode(List.self, from: Data(text.utf8)).items
            .filter { $0.metadata.deletionTimestamp == nil }
    }
}
