/// A server that is not up yet: a proxy in front of it answers 503 for a while.
actor SlowStart {
    private var left: Int

    /// - Parameter calls: How many calls of the API find it starting; 0 for none.
    init(calls: Int) { left = calls }

    /// Whether this call comes too early. Each question counts as a call.
    func isStarting() -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}
