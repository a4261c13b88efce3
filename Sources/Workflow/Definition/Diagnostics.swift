/// Gathers the faults that reading a definition finds, so that all are reported at once.
struct Diagnostics {
    private(set) var errors: [DefinitionError] = []

    mutating func report(
        _ code: DefinitionError.Code, at location: SourceLocation?, _ message: String, fix remedy: String
    ) {
        errors.append(DefinitionError(code, at: location, message, fix: remedy))
    }

    mutating func report(_ more: [DefinitionError]) {
        errors += more
    }
}
