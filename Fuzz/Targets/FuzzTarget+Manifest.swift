import Foundation
import Steps
import Workflow

extension FuzzTarget {
    /// An object does not differ from itself, what it holds can be said, and steps end whatever the cluster answers.
    static func checkManifest(_ input: FuzzInput) async throws {
        let text = String(input.first.dropFirst())
        if let objects = try? ManifestReader.objects(in: text) { try check(objects) }
        for part in input.others {
            if let answer = try? Value(json: part.text), let objects = try? KubernetesObject.all(in: [answer]) {
                try check(objects)
            }
        }
        try checkWords(text)
        try await StepPlay(.kubectl, input).check()
    }

    private static func check(_ objects: [KubernetesObject]) throws {
        for object in objects.prefix(20) {
            let json = object.content.canonicalJSON
            try require(try Value(json: json).canonicalJSON == json, "not the same as JSON: \(json)")
            let diff = ManifestDiff(wanted: object, live: object)
            try require(diff.isEmpty, "it differs from itself: \(diff.certain + diff.doubtful)")
            let changes = ExactDiff.changes(from: object.content, to: object.content, subject: "")
            try require(changes.isEmpty, "it differs from itself: \(changes)")
            _ = ManifestDiff(wanted: object, live: nil)
            _ = ExactDiff.changes(from: object.content, to: nil, subject: "")
            _ = Sensitive.shown(object.content, at: ["data"])
            let diagnosis = PodDiagnosis(events: objects.map(\.content))
            _ = diagnosis.findings(ofPod: object.content)
            _ = diagnosis.finding(ofClaim: object.content)
            _ = diagnosis.finding(ofWorkload: object.content)
        }
        for (left, right) in Swift.zip(objects, objects.dropFirst()) { _ = ManifestDiff(wanted: left, live: right) }
        var report = PreflightReport()
        report.checkStorage(objects, wanted: nil)
        report.checkNodes(objects.map(\.content), needsGPUs: true)
        report.checkNetwork(objects.map(\.reference.name))
        _ = try? report.output()
    }

    /// What programs say in a few words.
    private static func checkWords(_ text: String) throws {
        if let version = ToolVersion(text) {
            try require(ToolVersion(version.description) == version, "\(version) reads as another version")
        }
        if let gpus = try? GPU.all(in: text) {
            try require(gpus.allSatisfy { !$0.uuid.isEmpty }, "a GPU that has no name")
        }
        if let quantity = Quantity(text) {
            try require(!quantity.amount.isNaN, "'\(text)' is no amount")
        }
        for place in [ToolFailure.Place.cluster, .charts] {
            let error = ToolFailure(tool: "kubectl", object: nil, place: place).error(saying: text)
            try require(!error.message.isEmpty, "a failure without words")
        }
    }
}
