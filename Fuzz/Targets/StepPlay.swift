import Foundation
import Steps
import Workflow

/// A step that is planned, applied and rolled back in a world whose answers make sense or do not.
///
/// The first letter of the input chooses the step; what follows in the first text is a manifest, where the step takes one.
struct StepPlay {
    enum System {
        case kubectl, helm, clearml
    }

    private static let files = Result { try PrivateFiles(environment: [:]) }

    private let kind: any StepKind
    private let input: StepInput
    private let world: ScriptedWorld

    init(_ system: System, _ input: FuzzInput) throws {
        world = ScriptedWorld(input.others)
        let cluster = ClusterAccess(processes: world, files: try Self.files.get())
        let kinds =
            switch system {
            case .kubectl:
                cluster.kubernetesKinds(randomBytes: Self.bytes) + cluster.gpuKinds(ownBootID: "own", clock: world)
            case .helm: cluster.helmKinds { Date(timeIntervalSince1970: 1_800_000_000) }
            case .clearml:
                ClearMLTransport(
                    http: world, clock: world, now: { Date(timeIntervalSince1970: 0) }, jitter: { 0.5 }
                ).clearMLKinds(cluster: cluster, randomBytes: Self.bytes)
            }
        let wishes = system.wishes
        let wish = wishes[Int(input.first.utf8.first ?? 0) % wishes.count]
        guard let kind = kinds.first(where: { $0.name == wish.kind }) else {
            throw BrokenProperty("there is no step kind \(wish.kind)")
        }
        self.kind = kind
        var values = wish.with
        if values["manifests"] != nil { values["manifests"] = .string(String(input.first.dropFirst())) }
        self.input = StepInput(try kind.parameters.resolve(values))
    }

    /// Whatever is answered, the step comes to an end, and where it gives up it says so in a step's own words.
    func check() async throws {
        do {
            try await play()
        } catch let error as StepError {
            try require(!error.message.isEmpty, "\(kind.name) gives up without a word")
        }
        try require(!world.isExhausted, "\(kind.name) asks without end")
    }

    private func play() async throws {
        let context = StepContext(run: "r1", step: "step", attempt: 1, dataDirectory: "/nowhere") { _, _ in }
        let prior: Value?
        switch try await kind.observe(input, context) {
        case .present, .unknown: return
        case .absent(let found), .differs(_, let found): prior = found
        }
        var output: StepOutput?
        var refusal: StepError?
        do {
            output = try await kind.apply(input, prior: prior, context)
        } catch let error as StepError {
            refusal = error
        }
        guard kind.reverting == .automatic else { return }
        _ = kind.undoing(input.values, prior: prior)
        _ = try await kind.revert(input, output: output, prior: prior, context)
        if let refusal { throw refusal }
    }

    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
}
