import Testing
import Workflow

struct WorkQueueTests {
    private let queue = WorkQueue(executor: nil)

    @Test("work that waits holds up nothing: the first here waits for the last", arguments: [2, 3, 50])
    func waiting(count: Int) async {
        let promises = (0..<count).map { _ in Promise<Void>() }
        let works = (0..<count).map { index in
            Work {
                promises[index].keep(())
                if index + 1 < count { await promises[index + 1].value }
            }
        }
        for work in works { queue.add(work) }
        for work in works { await queue.end(of: work) }
    }

    @Test("each is done once, however many add at the same time")
    func once() async {
        let done = Locked([Int](repeating: 0, count: 1000))
        let works = (0..<1000).map { index in Work { done.with { $0[index] += 1 } } }
        await withTaskGroup { group in
            for start in stride(from: 0, to: 1000, by: 100) {
                group.addTask { for work in works[start..<start + 100] { queue.add(work) } }
            }
        }
        for work in works { await queue.end(of: work) }
        #expect(done.with { $0 } == [Int](repeating: 1, count: 1000))
    }

    @Test("what is cancelled before it begins finds its task cancelled, and only that")
    func cancelledBefore() async {
        let seen = Locked<[String: Bool]>([:])
        func note(_ name: String) -> Work {
            Work { seen.with { $0[name] = Task.isCancelled } }
        }
        let works = ["before", "cancelled", "after"].map(note)
        queue.cancel(works[1])
        for work in works { queue.add(work) }
        for work in works { await queue.end(of: work) }
        #expect(seen.with { $0 } == ["before": false, "cancelled": true, "after": false])
    }

    @Test("what is cancelled under way hears of it, and what comes next does not")
    func cancelledUnderWay() async {
        let begun = Promise<Void>()
        let heard = Promise<Void>()
        let next = Promise<Bool>()
        let waiting = Work {
            await withTaskCancellationHandler {
                begun.keep(())
                await heard.value
            } onCancel: {
                heard.keep(())
            }
        }
        queue.add(waiting)
        await begun.value
        queue.add(Work { next.keep(Task.isCancelled) })
        queue.cancel(waiting)
        await queue.end(of: waiting)
        #expect(await !next.value)
    }

    @Test("to cancel what is over reaches nothing else")
    func cancelledAfterwards() async {
        let over = Work {}
        queue.add(over)
        await queue.end(of: over)
        let last = Promise<Bool>()
        queue.add(
            Work {
                queue.cancel(over)
                last.keep(Task.isCancelled)
            })
        #expect(await !last.value)
    }
}
