/// What must always hold.
package enum Invariant: String, Hashable, Sendable, CaseIterable {
    case finishedOnce = "no step finishes twice"
    case needsFirst = "no step starts before its needs"
    case startedDurably = "nothing is done without its start on disk"
    case effectsKnown = "every effect that was not undone is known"
    case terminalAbsorbs = "what has ended stays as it is"
    case limits = "limits are never exceeded"
    case folds = "the history folds to the state tables"
    case ends = "every run ends when faults stop"
    case oneOwner = "only the owner writes"
    case onceAnswered = "what was answered was done, once"
    case timersKeepTime = "no timer fires before its time"
    case revertsInOrder = "a step is reverted after all that need it"
    case outcome = "the end is what the world shows"
}

/// An invariant that did not hold.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package var invariant: Invariant
    package var detail: String

    package init(invariant: Invariant, detail: String) {
        self.invariant = invariant
        self.detail = detail
    }

    package var description: String { "\(invariant.rawValue): \(detail)" }
}
