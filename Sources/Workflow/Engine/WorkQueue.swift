import DequeModule

/// Where attempts and reverts wait for a task that does them. Each is begun at once, however long the others take.
///
/// A task of its own for each would cost more than a short attempt does. So a task that is done with one takes the next;
/// and one that takes work and leaves more behind first sees to it that another task is coming, as its own work may wait
/// for hours.
package final class WorkQueue: Sendable {
    private struct State {
        var waiting: Deque<Work> = []
        /// Tasks that were started and have not taken anything yet. While work waits there is at least one.
        var coming = 0
    }

    private let state = Locked(State())
    private let executor: (any TaskExecutor)?

    /// - Parameter executor: Where the tasks run; nil: where all tasks of the process do.
    package init(executor: (any TaskExecutor)?) {
        self.executor = executor
    }

    package func add(_ work: Work) {
        state.with { state in
            state.waiting.append(work)
            call(&state)
        }
    }

    /// Cancels the task that does the work: now, or when it begins.
    package func cancel(_ work: Work) {
        let worker = state.with { _ in
            work.isCancelled = true
            work.worker?.isRetired = true
            return work.worker
        }
        worker?.task?.cancel()
    }

    /// Waits until the work was done.
    package func end(of work: Work) async {
        await withCheckedContinuation { continuation in
            let isOver = state.with { _ in
                if !work.isOver { work.waiters.append(continuation) }
                return work.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Makes sure that what waits will be taken.
    private func call(_ state: inout State) {
        guard !state.waiting.isEmpty, state.coming == 0 else { return }
        state.coming += 1
        let worker = Worker()
        // Before it does anything it takes the lock, so its task is known by then.
        worker.task = Task(executorPreference: executor) { await self.serve(worker) }
    }

    private func serve(_ worker: Worker) async {
        var next = state.with { state in
            state.coming -= 1
            return take(for: worker, &state)
        }
        while let work = next {
            await work.body()
            let waiters: [CheckedContinuation<Void, Never>]
            (next, waiters) = state.with { state in
                work.isOver = true
                work.worker = nil
                return (take(for: worker, &state), work.waiters)
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    private func take(for worker: Worker, _ state: inout State) -> Work? {
        defer { call(&state) }
        guard !worker.isRetired, let work = state.waiting.popFirst() else { return nil }
        work.worker = worker
        if work.isCancelled {
            worker.isRetired = true
            worker.task?.cancel()
        }
        return work
    }
}

/// One attempt or revert. The lock of its queue guards all that changes.
package final class Work: @unchecked Sendable {
    fileprivate let body: @Sendable () async -> Void
    fileprivate var worker: Worker?
    fileprivate var isCancelled = false
    fileprivate var isOver = false
    fileprivate var waiters: [CheckedContinuation<Void, Never>] = []

    package init(_ body: @escaping @Sendable () async -> Void) {
        self.body = body
    }
}

/// A task that does work. The lock of its queue guards all that changes.
private final class Worker: @unchecked Sendable {
    var task: Task<Void, Never>?
    /// Its task was cancelled, and what it took next would be as well: it takes nothing any more.
    var isRetired = false
}
