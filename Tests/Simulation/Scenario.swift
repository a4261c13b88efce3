/// All that a simulation does, as a value: made from a seed, made smaller after a failure, printed as YAML.
package struct Scenario: Hashable, Sendable {
    /// Decides the order of tasks, how long things take, and jitter.
    package var seed: UInt64
    package var workflow: Plan
    /// The workflow that steps of the kind `workflow` start.
    package var child: Plan?
    /// How many runs are started, one after another.
    package var runs: Int
    package var parallel: Int
    /// Faults happen in this time; then the world is kind again.
    package var faultWindow: Int
    /// How often the operator looks, in milliseconds.
    package var attention: Int
    /// How long a commit takes at most, in milliseconds; 0: no time.
    package var commitTime: Int
    /// How long a handler's call takes at most, in milliseconds; 0: no time.
    package var callTime: Int
    package var faults: [Fault]
    /// A new process goes on only with the runs that somebody asks for, as the program does.
    package var isOnDemand = false
    /// Commits are written beside the engine's loop, as large ones are.
    package var writesBeside = false

    /// A workflow.
    package struct Plan: Hashable, Sendable {
        package var name: String
        package var steps: [Step]
        package var rollsBack: Bool
        /// Whether its runs exclude each other.
        package var isExclusive = false
    }

    package struct Step: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable {
            case make = "sim.make"
            case blind = "sim.blind"
            case read = "sim.read"
            case final = "sim.final"
            case sleep, approval, workflow
            case signal = "wait.signal"
        }

        /// What is there before the first run.
        package enum Existing: String, Hashable, Sendable {
            case nothing, same, other
        }

        package enum Items: Hashable, Sendable {
            case count(Int)
            /// As many as this step's output says.
            case output(String)
        }

        package var id: String
        package var kind: Kind
        package var needs: [String] = []
        /// The step whose output `flag` decides.
        package var when: String?
        package var forEach: Items?
        package var maxParallel: Int?
        package var revert = "auto"
        package var attempts = 3
        package var totalTimeout: Int?
        package var existing = Existing.nothing
        package var flag = true
        package var items = 0
        /// In seconds: of a sleep, or until an approval or a signal expires.
        package var seconds: Int?

        package init(id: String, kind: Kind) {
            self.id = id
            self.kind = kind
        }
    }

    package struct Fault: Hashable, Sendable {
        package enum Moment: Hashable, Sendable {
            /// Counted over all processes.
            case commit(Int)
            case read(Int)
            /// Milliseconds after the start.
            case time(Int)
            /// The `count`-th call of a handler's function for an object.
            case call(Verb, object: String, count: Int)
        }

        package enum Verb: String, Hashable, Sendable {
            case observe, apply, revert
        }

        package enum Action: Hashable, Sendable {
            /// The process dies: `after` the commit is on disk, but before anybody hears of it.
            case crash(after: Bool)
            case storeError
            /// The process stands still this long, decided but not written, or in the middle of anything.
            case pause(Int)
            case stop
            case clockJump(Int)
            /// Another process tries to become the owner.
            case rival
            case request(Ask, step: String, remotely: Bool)
            // What a handler's call comes to.
            case transient, permanent, conflict
            /// It has worked, and fails all the same.
            case failsAfter
            /// The reply was lost; `applied`: it has worked.
            case lost(applied: Bool)
            case stuck(applied: Bool)
            /// Takes long, and cannot be interrupted.
            case deaf(Int)
            case dies(applied: Bool)
            /// Gives up by itself.
            case givesUp
            /// An observation that cannot tell.
            case cannotTell
        }

        package enum Ask: String, Hashable, Sendable, CaseIterable {
            case cancel, rollback, resume, retry, retryFrom, skip, approve, reject, signal, adopt, redo, discard
        }

        package var moment: Moment
        package var action: Action

        package init(moment: Moment, action: Action) {
            self.moment = moment
            self.action = action
        }
    }
}
