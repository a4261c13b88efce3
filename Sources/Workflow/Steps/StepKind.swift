/// What a step can do. One handler implements one kind; a workflow names it in `uses:`.
///
/// The contract that durability rests on:
/// - `observe` only reads. It is called before the first `apply`, again after an attempt was interrupted, and by
///   `plan` and drift checks.
/// - `apply` is called only after the start of the attempt (and the `prior` state that `observe` gave) is on disk.
///   Called again on a world where it has already worked, fully or in part, it must end in the same state.
/// - `revert` is called with what is known of the attempt, also after an `apply` that failed half-way. Where there is
///   nothing to undo it does nothing.
/// - All three honour task cancellation promptly, and end every process they started.
public protocol StepKind: Sendable {
    /// The name that workflows use, such as `helm.release`: a system and what is done in it.
    var name: String { get }
    /// One line for lists and documentation.
    var summary: String { get }
    /// The keys of `with`, checked (and defaults filled in) before any of the functions below is called.
    var parameters: [Parameter] { get }
    /// The keys of the step's output. Outputs marked secret are given in `StepOutput.secrets`.
    var outputs: [Parameter] { get }
    /// Whether a rollback can undo this kind.
    var reverting: Reverting { get }

    /// Looks at the world, changes nothing.
    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation
    /// Brings the world to the wanted state.
    ///
    /// - Parameter prior: What `observe` recorded before the first attempt of this run changed anything.
    /// - Throws: `StepError`; any other error counts as permanent.
    func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput
    /// Undoes what this run did.
    ///
    /// - Parameters:
    ///   - output: The step's output; nil where no attempt succeeded.
    ///   - prior: As for `apply`; nil where nothing was recorded.
    /// - Returns: What knowingly stays behind, a line each, for the operator.
    func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String]

    /// What `revert` would do, in a few words for whoever decides on a rollback. Does not look at the world.
    ///
    /// - Parameters:
    ///   - parameters: As the file gives them, without defaults; null where one cannot be known without a secret.
    ///   - prior: What was recorded before the first change; nil where that is nothing.
    /// - Returns: Nil where there is nothing worth saying.
    func undoing(_ parameters: [String: Value], prior: Value?) -> String?
}

extension StepKind {
    public func undoing(_ parameters: [String: Value], prior: Value?) -> String? { nil }
}

/// Whether a rollback can undo what a step kind does.
public enum Reverting: Hashable, Sendable {
    case automatic
    /// The kind only reads: there is nothing to undo.
    case nothing
    /// It cannot be undone; a rollback stops before it. The reason is shown in plans.
    case impossible(String)
}

/// What `observe` found.
public enum Observation: Hashable, Sendable {
    /// The effect is not there. `prior`: what `revert` will need to know of the world as it is now; stored durably
    /// before `apply` starts.
    case absent(prior: Value? = nil)
    /// The effect is there, and just as wanted.
    case present(StepOutput)
    /// It is there, but not as wanted.
    case differs([Change], prior: Value? = nil)
    /// It cannot be known.
    case unknown(String)
}

/// One difference between the world and what a step wants.
public struct Change: Hashable, Sendable, Codable {
    /// What differs: an object and a field path, such as `ConfigMap clearml/settings data.colour`.
    public var path: String
    /// Nil: not there now.
    public var from: Value?
    /// Nil: to be removed.
    public var to: Value?

    public init(_ path: String, from: Value? = nil, to: Value? = nil) {
        self.path = path
        self.from = from
        self.to = to
    }
}

/// What a step gives to the steps after it.
public struct StepOutput: Hashable, Sendable {
    /// Public values by name, readable as `${{ steps.ID.NAME }}`.
    public var values: [String: Value]
    /// Secret texts by name, readable the same way; sealed before they are stored, redacted wherever text leaves.
    public var secrets: [String: String]
    /// Secret values of other shapes: sealed likewise, and each text in one is a secret.
    public var secretValues: [String: Value]

    public init(
        _ values: [String: Value] = [:], secrets: [String: String] = [:], secretValues: [String: Value] = [:]
    ) {
        self.values = values
        self.secrets = secrets
        self.secretValues = secretValues
    }

    /// All that is secret, by name.
    var allSecrets: [String: Value] {
        secrets.isEmpty ? secretValues : secretValues.merging(secrets.mapValues { .string($0) }) { $1 }
    }
}
