import TestSupport
import Testing

extension Home {
    /// Runs the program, kills it so often at random moments, and lets it go on each time, until it has succeeded.
    func persist(_ first: [String], kills: Int, seed: UInt64 = 1) async throws {
        var random = SeededGenerator(seed: seed)
        var (arguments, left) = (first, kills)
        while true {
            let process = try start(arguments)
            let moment = Double.random(in: 0.3...5, using: &random)
            let killsChildren = left % 2 == 0
            let killer =
                left > 0
                ? Task {
                    try await Task.sleep(for: .seconds(moment))
                    process.kill(children: killsChildren)
                } : nil
            let result = await process.result()
            killer?.cancel()
            guard result.status == 128 + 9 else {
                try #require(result.status == 0, "\(result.text)")
                return
            }
            left -= 1
            // Killed before the run was on disk, there is nothing to resume.
            if try await show().workflow == first[1] { arguments = ["resume", "last"] }
        }
    }
}
