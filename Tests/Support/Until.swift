/// Waits for something that another process or task brings about.
///
/// - Parameter limit: Generous: only a broken promise meets it.
/// - Throws: `NeverHappened`, which fails the test, where it does not come true.
package func until(
    _ what: String, limit: Duration = .seconds(120), _ isSo: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !isSo() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// What a test has waited for in vain.
package struct NeverHappened: Error, CustomStringConvertible {
    private let what: String

    package init(_ what: String) { self.what = what }

    package var description: String { "in vain: \(what)" }
}
