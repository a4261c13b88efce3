/// A version such as `v3.19.0+g3d8990f` or `1.27+`, as far as its first three numbers.
package struct ToolVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads the first version in a text; nil where there is none.
    package init?(_ text: String) {
        guard let match = text.firstMatch(of: /(\d+)\.(\d+)(?:\.(\d+))?/), let major = Int(match.1),
            let minor = Int(match.2)
        else { return nil }
        self.init(major, minor, match.3.flatMap { Int($0) } ?? 0)
    }

    package static func < (left: ToolVersion, right: ToolVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    package var description: String { "\(major).\(minor).\(patch)" }
}
