/// A path of an expression that begins with a name, such as `steps.company.id`, as far as it is known before evaluation.
struct ExpressionReference: Hashable, Sendable {
    enum Member: Hashable, Sendable {
        case key(String)
        case index(Int)
        /// `[expression]`
        case computed
    }

    struct Segment: Hashable, Sendable {
        var member: Member
        var location: SourceLocation
    }

    var root: String
    var location: SourceLocation
    var segments: [Segment]

    /// The path up to (and with) the first `count` segments, as it is written.
    func path(_ count: Int) -> String {
        segments.prefix(count).reduce(into: root) { text, segment in
            switch segment.member {
            case .key(let key): text += ExpressionLexer.isName(key) ? ".\(key)" : "['\(key)']"
            case .index(let index): text += "[\(index)]"
            case .computed: text += "[…]"
            }
        }
    }
}
