/// The step kinds that workflows can use, by name.
public struct StepCatalog: Sendable {
    private let kinds: [String: any StepKind]

    /// - Precondition: No two kinds share a name.
    public init(_ kinds: [any StepKind]) {
        self.kinds = Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, $0) })
    }

    /// The kind of that name; nil where there is none.
    public subscript(name: String) -> (any StepKind)? { kinds[name] }

    /// All kinds, by name.
    public var all: [any StepKind] { kinds.values.sorted { $0.name < $1.name } }
}
