/// A value with expressions in it: what `with`, values files and outputs are before they are rendered.
public indirect enum Template: Hashable, Sendable {
    case literal(Value)
    /// A string that is one `${{ }}` alone: keeps the type of its value.
    case expression(Expression)
    /// Text with `${{ }}` in it: always a string.
    case text([Template])
    case array([Template])
    case object([String: Template])
    /// Merged from left to right, objects deeply, all else replaced: several values files.
    case merged([Template])
}
