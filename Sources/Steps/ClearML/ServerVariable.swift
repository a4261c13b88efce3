package import Workflow

/// Names of the environment variables that set the ClearML server's configuration.
package enum ServerVariable {
    /// The name for a configuration path.
    ///
    /// - Parameter path: Such as `services.auth.default_groups.users.features`. The server lower-cases all but the
    ///   prefix, so lower case is what it may hold.
    /// - Returns: Nil where the path cannot be named: an empty part, another letter than `a…z`, a digit or `_`, or `__`,
    ///   which separates the parts.
    package static func name(of path: String) -> String? {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.allSatisfy(isPart) else { return nil }
        return "CLEARML__" + parts.joined(separator: "__")
    }

    package static func isPart(_ part: Substring) -> Bool {
        part.wholeMatch(of: /[a-z0-9]+(_[a-z0-9]+)*/) != nil
    }

    /// An entry of a container's `env`.
    ///
    /// Kubernetes replaces `$(NAME)` in such a value, and makes one `$` of two; a doubled one arrives as it is meant.
    /// <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>
    package static func entry(_ name: String, _ value: String) -> Value {
        ["name": .string(name), "value": .string(value.replacing("$", with: "$$"))]
    }
}
