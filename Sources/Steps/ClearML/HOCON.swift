package import Workflow

/// Writes values as the ClearML server reads them from its environment: as HOCON.
///
/// Unquoted, `a@b` is a syntax error, `abc#def` becomes `abc`, and `0123` becomes the number 123. So every text is quoted,
/// whatever is in it.
///
/// <https://github.com/lightbend/config/blob/main/HOCON.md>
package enum HOCON {
    /// - Returns: Nil for null, which stands for "not set".
    package static func text(of value: Value) -> String? {
        switch value {
        case .null: nil
        // JSON's strings, lists, objects, numbers and booleans are HOCON's.
        case .bool, .integer, .number, .string, .array, .object: value.canonicalJSON
        }
    }
}
