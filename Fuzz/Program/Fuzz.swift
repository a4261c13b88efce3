import CFuzzer
import Dispatch
import FuzzTargets
import Glibc

/// libFuzzer, which gives inputs to one target. The environment variable `FUZZ_TARGET` says to which.
@main
enum Fuzz {
    private static let target: FuzzTarget = {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            fatalError("FUZZ_TARGET is '\(name)': use one of \(FuzzTarget.allCases.map(\.rawValue))")
        }
        return target
    }()

    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &arguments) { start, count in Fuzz.check(start, count) })
    }

    /// What is thrown ends the process, as a trap does: libFuzzer then keeps the input.
    private static func check(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        let input = Array(UnsafeBufferPointer(start: start, count: count))
        let done = DispatchSemaphore(value: 0)
        Task {
            do {
                try await target.check(input)
            } catch {
                fatalError("\(error)")
            }
            done.signal()
        }
        done.wait()
        return 0
    }
}
