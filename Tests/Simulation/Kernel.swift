import Foundation
import Workflow

/// The simulated machine room: decides which task goes on next, and what time it is.
///
/// Every task of a simulation runs on a `SimulatedExecutor`, which hands its jobs to this one. They are run one at a time,
/// by the thread that called `run`, in an order that the seed decides. Where no task can go on, the clock moves to the
/// next moment that somebody sleeps for. So a seed gives the same interleaving each time, without waiting for anything.
final class Kernel: @unchecked Sendable {  // Used by one thread; `foreign` alone by others, under its lock.
    private struct Job {
        let job: UnownedJob
        let executor: SimulatedExecutor
    }

    var random: SplitMix64
    private(set) var now: Timestamp
    /// How many jobs were run.
    private(set) var steps = 0
    private var ready: [Job] = []
    /// Latest first.
    private var sleepers: [Sleeper] = []
    private var order = 0
    /// Calls under way that end on another thread: a real database's.
    private var outside = 0
    private var foreign: [Job] = []
    private let condition = NSCondition()
    private var thread = pthread_self()

    init(seed: UInt64, start: Timestamp) {
        random = SplitMix64(seed: seed)
        now = start
    }

    /// Runs jobs until `isDone`.
    ///
    /// - Returns: False where nothing more can happen, or after `limit` jobs.
    func run(limit: Int, until isDone: () -> Bool) -> Bool {
        thread = pthread_self()
        while !isDone() {
            if outside > 0 {
                run(awaitForeign())
            } else {
                wakeDue()
                if ready.isEmpty {
                    guard let next = sleepers.last else { return false }
                    now = max(now, next.deadline)
                    continue
                }
                let index = random.below(ready.count)
                ready.swapAt(index, ready.count - 1)
                run(ready.removeLast())
            }
            steps += 1
            if steps > limit { return false }
        }
        return true
    }

    private func run(_ job: Job) {
        if job.executor.isPaused {
            job.executor.held.append(job.job)
        } else {
            job.job.runSynchronously(on: job.executor.asUnownedTaskExecutor())
        }
    }

    func enqueue(_ job: UnownedJob, of executor: SimulatedExecutor) {
        let job = Job(job: job, executor: executor)
        if pthread_equal(pthread_self(), thread) != 0 {
            ready.append(job)
        } else {
            condition.withLock {
                foreign.append(job)
                condition.signal()
            }
        }
    }

    /// Does something that ends on another thread; nothing else happens meanwhile, so that the order stays one.
    func outside<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        outside += 1
        defer { outside -= 1 }
        return try await body()
    }

    private func awaitForeign() -> Job {
        condition.withLock {
            while foreign.isEmpty { condition.wait() }
            return foreign.removeFirst()
        }
    }

    func release(_ executor: SimulatedExecutor) {
        for job in executor.held { ready.append(Job(job: job, executor: executor)) }
        executor.held = []
    }

    // MARK: - Time

    /// Sets the wall clock forward or back; who sleeps until a moment of it wakes when the clock shows that moment.
    func jump(by milliseconds: Int) { now = Timestamp(milliseconds: now.milliseconds + milliseconds) }

    final class Sleeper: @unchecked Sendable {  // Only touched by the kernel's thread.
        let deadline: Timestamp
        let order: Int
        let executor: SimulatedExecutor
        let isCancellable: Bool
        var continuation: CheckedContinuation<Void, any Error>?

        init(deadline: Timestamp, order: Int, executor: SimulatedExecutor, isCancellable: Bool) {
            self.deadline = deadline
            self.order = order
            self.executor = executor
            self.isCancellable = isCancellable
        }
    }

    func sleep(
        until deadline: Timestamp, on executor: SimulatedExecutor, isCancellable: Bool = true
    ) async throws {
        order += 1
        let sleeper = Sleeper(deadline: deadline, order: order, executor: executor, isCancellable: isCancellable)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if executor.isDead || isCancellable && Task.isCancelled {
                    return continuation.resume(throwing: CancellationError())
                }
                sleeper.continuation = continuation
                // The place among those of one moment: first come, first woken.
                var place = sleepers.count
                while place > 0, sleepers[place - 1].deadline <= deadline { place -= 1 }
                sleepers.insert(sleeper, at: place)
            }
        } onCancel: {
            if sleeper.isCancellable { end(sleeper) }
        }
    }

    private func end(_ sleeper: Sleeper) {
        guard let continuation = sleeper.continuation else { return }
        sleeper.continuation = nil
        sleepers.removeAll { $0 === sleeper }
        continuation.resume(throwing: CancellationError())
    }

    /// Ends every sleep of a process that is no more.
    func endSleeps(of executor: SimulatedExecutor) {
        for sleeper in sleepers where sleeper.executor === executor { end(sleeper) }
    }

    private func wakeDue() {
        while let sleeper = sleepers.last, sleeper.deadline <= now {
            sleepers.removeLast()
            let continuation = sleeper.continuation
            sleeper.continuation = nil
            continuation?.resume()
        }
    }
}

/// Where the tasks of one simulated process run.
final class SimulatedExecutor: TaskExecutor, @unchecked Sendable {  // Only touched by the kernel's thread.
    let kernel: Kernel
    /// Stands still, as after SIGSTOP.
    fileprivate(set) var isPaused = false
    fileprivate(set) var isDead = false
    fileprivate var held: [UnownedJob] = []

    init(kernel: Kernel) {
        self.kernel = kernel
    }

    func enqueue(_ job: consuming ExecutorJob) { kernel.enqueue(UnownedJob(job), of: self) }

    func pause() { isPaused = true }

    func unpause() {
        isPaused = false
        kernel.release(self)
    }

    /// From here on the process does nothing that anybody could see: what is left of its tasks only ends.
    func die() {
        isDead = true
        unpause()
        kernel.endSleeps(of: self)
    }
}

/// The kernel's clock, as one process sees it.
struct SimulatedTime: TimeSource {
    let kernel: Kernel
    let executor: SimulatedExecutor

    func now() -> Timestamp { kernel.now }

    func sleep(until deadline: Timestamp) async throws { try await kernel.sleep(until: deadline, on: executor) }

    func sleep(for milliseconds: Int) async throws { try await sleep(until: now() + .milliseconds(milliseconds)) }
}
