/// The generation of a GPU that can be divided: it decides what becomes of MIG mode in a reboot.
package enum GPUFamily: Hashable, Sendable {
    case ampere
    case hopper
    case blackwell

    /// Nil where the name does not tell: nothing is promised of such a GPU then.
    ///
    /// - Parameter product: As `nvidia-smi` writes it (`NVIDIA A100-SXM4-40GB`), or the label `nvidia.com/gpu.product`.
    package init?(product: String) {
        let words = Self.words(of: product)
        // A letter behind the number is a variant: `A100X`.
        if words.contains(where: { $0.wholeMatch(of: /A(30|100|800)[A-Z]?/) != nil }) {
            self = .ampere
        } else if words.contains(where: { $0.wholeMatch(of: /(H20|G?H[12]00|H800)[A-Z]?/) != nil }) {
            self = .hopper
        } else if words.contains(where: { $0 == "BLACKWELL" || $0.wholeMatch(of: /G?B[123]00[A-Z]?/) != nil }) {
            // Workstations' and servers' cards have the word in their names: `RTX PRO 6000 Blackwell Server Edition`.
            self = .blackwell
        } else {
            return nil
        }
    }

    /// Whether the GPU itself keeps the mode. Others forget it with every reboot or reload of the driver, so that it has to be
    /// set again after each.
    package var keepsMode: Bool { self == .ampere }

    /// A product name in capitals, without what separates its words, which differs from place to place.
    static func words(of product: String) -> [String] {
        product.uppercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
