/// A fault of a workflow file, or of the values given to one: what, where, and what to do.
public struct DefinitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable names, for scripts and tests.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // The file as text
        case unreadableFile, syntax, tooLarge, badPath, workflowCycle
        // Its keys and values
        case unknownKey, duplicateKey, missingKey, misplacedKey, wrongType, invalidValue
        // Steps
        case unknownStepKind, unknownStep, cycle, unknownParameter, missingParameter
        // Expressions
        case badExpression, unknownFunction, wrongArguments, unknownName, unknownInput, unknownSecret, unknownOutput
        case unknownMember, selfReference, outsideForEach, secretExposed
        // Values given to a run
        case missingInput, missingSecret
    }

    public let code: Code
    /// Nil for values that were not read from a file.
    public let location: SourceLocation?
    /// What is wrong.
    public let message: String
    /// What to do, for the `fix:` line.
    public let remedy: String

    public init(_ code: Code, at location: SourceLocation?, _ message: String, fix remedy: String) {
        self.code = code
        self.location = location
        self.message = message
        self.remedy = remedy
    }

    public var description: String {
        let place = location.map { "\($0): " } ?? ""
        return "\(place)\(message) [\(code.rawValue)]\n  fix: \(remedy)"
    }
}

/// All faults of a definition at once, in the order of the file. Never empty.
public struct DefinitionErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public let errors: [DefinitionError]

    /// Sorts by place, and keeps one of several alike.
    public init(_ errors: [DefinitionError]) {
        var seen: Set<DefinitionError> = []
        self.errors = errors.filter { seen.insert($0).inserted }.enumerated()
            .sorted { left, right in
                switch (left.element.location, right.element.location) {
                case (let first?, let second?) where first != second: first < second
                case (nil, _?): true
                case (_?, nil): false
                default: left.offset < right.offset
                }
            }
            .map(\.element)
    }

    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
