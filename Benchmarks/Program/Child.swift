import Foundation

/// A process that is measured.
struct Child {
    let program: String
    let arguments: [String]
    var environment: [String: String]?

    /// This program again, for one measurement.
    static func work(_ kind: WorkCommand.Kind, folder: String, _ options: [String: Int] = [:]) -> Child {
        let options = options.sorted { $0.key < $1.key }.flatMap { ["--" + $0.key, String($0.value)] }
        return Child(
            program: CommandLine.arguments[0].contains("/") ? CommandLine.arguments[0] : "/proc/self/exe",
            arguments: ["work", kind.rawValue, "--folder", folder, "--since", String(Clock.now())] + options)
    }

    /// Runs it to its end.
    func sample() throws -> Sample {
        try JSONDecoder().decode(Sample.self, from: output())
    }

    /// Runs it to its end and gives its standard output.
    func output() throws -> Data {
        let (process, pipe) = try begin()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failure("\(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
        return data
    }

    /// Runs it until it writes something, and kills it then.
    func killAtFirstWord() throws {
        let (process, pipe) = try begin()
        guard !pipe.fileHandleForReading.availableData.isEmpty else { throw Failure("the work ended too early") }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private func begin() throws -> (Process, Pipe) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        if let environment { process.environment = environment }
        try process.run()
        return (process, pipe)
    }
}
