/// An amount as Kubernetes writes it: `500m`, `0.5`, `64Mi`, `1e3`. Two texts may mean the same amount.
package struct Quantity: Hashable, Sendable {
    package let amount: Double

    /// Nil where the text is no quantity.
    package init?(_ text: String) {
        guard let match = text.wholeMatch(of: /([-+]?(?:\d+\.?\d*|\.\d+))(?:([eE][-+]?\d+)|([numkMGTPE]|[KMGTPE]i))?/),
            let number = Double(match.1 + (match.2 ?? ""))
        else { return nil }
        guard let factor = Self.factors[match.3.map(String.init) ?? ""] else { return nil }
        amount = number * factor
    }

    private static let factors: [String: Double] = [
        "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624,
        "Ei": 1_152_921_504_606_846_976,
    ]
}
