import DequeModule

/// Messages for one reader, who takes all that wait at once: what makes a commit serve many.
final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: Deque<Message> = []
        var reader: CheckedContinuation<Void, Never>?
        /// Where messages go once nobody reads any more.
        var refuse: (@Sendable (Message) -> Void)?
    }

    private let state = Locked(State())

    /// - Parameter isUrgent: It comes before all that wait.
    func send(_ message: Message, isUrgent: Bool = false) {
        let (reader, refuse) = state.with {
            state -> (CheckedContinuation<Void, Never>?, (@Sendable (Message) -> Void)?) in
            if state.refuse == nil {
                isUrgent ? state.messages.prepend(message) : state.messages.append(message)
            }
            defer { state.reader = nil }
            return (state.reader, state.refuse)
        }
        reader?.resume()
        refuse?(message)
    }

    /// Says that nobody reads any more: hands over what still waits, and all that comes later.
    func close(_ refuse: @escaping @Sendable (Message) -> Void) {
        let rest = state.with { state in
            state.refuse = refuse
            defer { state.messages = [] }
            return state.messages
        }
        for message in rest { refuse(message) }
    }

    /// Takes messages again after a `close`.
    func open() { state.with { $0.refuse = nil } }

    /// Returns what has come, after waiting until there is something. For one reader only.
    ///
    /// - Parameter limit: The most to take at once, the oldest first.
    func take(most limit: Int = .max) async -> [Message] {
        await withCheckedContinuation { continuation in
            let isReady = state.with { state in
                if state.messages.isEmpty { state.reader = continuation }
                return !state.messages.isEmpty
            }
            if isReady { continuation.resume() }
        }
        var taken: [Message] = []
        taken.reserveCapacity(min(limit, 128))
        state.with { state in
            while taken.count < limit, let message = state.messages.popFirst() { taken.append(message) }
        }
        return taken
    }
}

/// Something that one task says once and others wait for.
package final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Value, Never>])
        case kept(Value)
    }

    private let state = Locked(State.waiting([]))

    package init() {}

    /// Keeping it again does nothing.
    package func keep(_ value: Value) {
        let waiting = state.with { state -> [CheckedContinuation<Value, Never>] in
            guard case .waiting(let waiting) = state else { return [] }
            state = .kept(value)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: value) }
    }

    package var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let kept = state.with { state -> Value? in
                    switch state {
                    case .kept(let value): return value
                    case .waiting(let waiting):
                        state = .waiting(waiting + [continuation])
                        return nil
                    }
                }
                if let kept { continuation.resume(returning: kept) }
            }
        }
    }
}
