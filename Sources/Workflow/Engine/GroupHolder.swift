/// The run that has a concurrency group, and keeps the others of the group from starting.
struct GroupHolder: Hashable, CustomStringConvertible {
    let run: RunID
    let group: String
    /// Whether nobody drives it: its process has ended, and nobody has asked for it since.
    let isInterrupted: Bool

    /// What stands in the way, and what to do.
    var description: String {
        if isInterrupted {
            return
                "run \(run) of group '\(group)' was interrupted, and what it has begun is neither done nor undone: go on "
                + "with it ('runner resume \(run)'), or end it ('runner cancel \(run)' keeps what was done, 'runner rollback "
                + "\(run)' undoes it)"
        }
        return "run \(run) of group '\(group)' is under way: wait for its end, or end it ('runner cancel \(run)')"
    }
}
