/// Why the journal could not be read or written, and what to do. Nothing that was acknowledged is lost by any of them.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case cannotOpen, diskFull, readOnly, damaged, newerVersion, foreign, leaseHeld, leaseLost, busy, inputOutput,
            misuse
    }

    public var code: Code
    public var message: String
    public var remedy: String

    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(message) [\(code.rawValue)]\n  fix: \(remedy)" }
}
