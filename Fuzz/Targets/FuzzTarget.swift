/// A reader of texts that come from elsewhere, and what has to hold whatever it is given.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// YAML and the workflow in it, with the files it refers to.
    case workflow
    case expression
    case template
    case json
    /// The rows of a journal.
    case event
    /// What kubectl answers.
    case manifest
    /// What helm answers.
    case helm
    /// What a ClearML API server answers.
    case clearml
    /// What unzip lists.
    case zip

    /// Gives the reader an input.
    ///
    /// - Throws: `BrokenProperty` where something does not hold. A trap and a hang are findings too, which only whoever
    ///   calls can notice.
    package func check(_ input: [UInt8]) async throws {
        let parts = FuzzInput(input)
        switch self {
        case .workflow: try Self.checkWorkflow(parts)
        case .expression: try Self.checkExpression(parts.whole)
        case .template: try Self.checkTemplate(parts.whole)
        case .json: try Self.checkJSON(input)
        case .event: try Self.checkEvents(parts.whole)
        case .manifest: try await Self.checkManifest(parts)
        case .helm: try await StepPlay(.helm, parts).check()
        case .clearml: try await StepPlay(.clearml, parts).check()
        case .zip: try await Self.checkZip(parts)
        }
    }
}

/// What does not hold, and for what.
package struct BrokenProperty: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless what has to hold holds.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(BrokenProperty) {
    guard condition else { throw BrokenProperty(what()) }
}
