extension Scenario {
    /// The scenario of a seed.
    package init(seed: UInt64) {
        var random = SplitMix64(seed: seed &* 0x2545_f491_4f6c_dd1d &+ 1)
        let hasChild = random.oneIn(4)
        let child =
            hasChild ? Plan(random: &random, name: "child", size: 1 + random.below(3), mayHaveChild: false) : nil
        let workflow = Plan(random: &random, name: "main", size: 1 + random.below(8), mayHaveChild: hasChild)
        self.init(
            seed: seed, workflow: workflow, child: child,
            runs: random.oneIn(6) ? 2 + random.below(2) : 1, parallel: 1 + random.below(4),
            faultWindow: 1_000 * (2 + random.below(random.oneIn(3) ? 60 : 12)), attention: 500 + random.below(4_000),
            commitTime: random.oneIn(2) ? 0 : 1 + random.below(60),
            callTime: random.oneIn(3) ? 0 : 1 + random.below(2_000),
            faults: [])
        let names = self.names
        let count = random.oneIn(12) ? 0 : 1 + random.below(random.oneIn(4) ? 14 : 5)
        faults = (0..<count).map { _ in Fault(random: &random, names: names, window: faultWindow) }
        isOnDemand = random.oneIn(3)
        writesBeside = random.oneIn(2)
    }

    /// Runs, and the names of steps in them, as handlers know them: `r1`, `gpu[2]`.
    private var names: [(run: String, step: String)] {
        (1...runs).flatMap { number in
            workflow.instanceNames.flatMap { name, kind in
                [("r\(number)", name)]
                    + (kind == .workflow ? (child?.instanceNames ?? []).map { ("r\(number).\(name)", $0.0) } : [])
            }
        }
    }
}

extension Scenario.Plan {
    fileprivate init(random: inout SplitMix64, name: String, size: Int, mayHaveChild: Bool) {
        var steps: [Scenario.Step] = []
        for index in 0..<size {
            var step = Scenario.Step(id: "s\(index)", kind: .make)
            step.kind = random.pick(
                [.make, .make, .make, .make, .make, .make, .blind, .read, .read, .final, .sleep, .approval, .signal]
                    + (mayHaveChild ? [.workflow, .workflow, .workflow] : []))
            let density = 1 + random.below(4)
            step.needs = (0..<index).filter { _ in random.below(4) < density - 1 || random.oneIn(4) }.map { "s\($0)" }
            let readers = steps.filter { $0.kind == .read && $0.forEach == nil && $0.when == nil }.map(\.id)
            if !readers.isEmpty, random.oneIn(3) { step.when = random.pick(readers) }
            if random.oneIn(5) {
                step.forEach =
                    readers.isEmpty || random.oneIn(2) ? .count(random.below(4)) : .output(random.pick(readers))
                if random.oneIn(2) { step.maxParallel = 1 + random.below(2) }
            }
            if random.oneIn(10) { step.revert = random.pick(["keep", "never"]) }
            step.attempts = 1 + random.below(4)
            if random.oneIn(8) { step.totalTimeout = 5 + random.below(60) }
            if random.oneIn(6) { step.existing = random.pick([.same, .other]) }
            step.flag = !random.oneIn(4)
            step.items = random.below(4)
            if step.kind == .sleep { step.seconds = random.below(20) }
            if random.oneIn(4), [.approval, .signal].contains(step.kind) { step.seconds = 5 + random.below(30) }
            steps.append(step)
        }
        self.init(name: name, steps: steps, rollsBack: random.oneIn(4), isExclusive: random.oneIn(5))
    }

    fileprivate var instanceNames: [(String, Scenario.Step.Kind)] {
        steps.flatMap { step in
            switch step.forEach {
            case nil: [(step.id, step.kind)]
            case .count(let count): (0..<count).map { ("\(step.id)[\($0)]", step.kind) }
            case .output(let source):
                (0..<(steps.first { $0.id == source }?.items ?? 0)).map { ("\(step.id)[\($0)]", step.kind) }
            }
        }
    }
}

extension Scenario.Fault {
    fileprivate init(random: inout SplitMix64, names: [(run: String, step: String)], window: Int) {
        let name = names.isEmpty ? ("r1", "s0") : random.pick(names)
        let commit = Moment.commit(1 + random.below(random.oneIn(3) ? 60 : 20))
        let time = Moment.time(random.below(window))
        switch random.below(20) {
        case 0..<4: self.init(moment: commit, action: .crash(after: random.oneIn(2)))
        case 4: self.init(moment: time, action: .crash(after: false))
        case 5: self.init(moment: commit, action: .storeError)
        case 6: self.init(moment: .read(1 + random.below(40)), action: .storeError)
        case 7: self.init(moment: random.oneIn(2) ? commit : time, action: .pause(random.below(40_000)))
        case 8: self.init(moment: random.oneIn(2) ? commit : time, action: .stop)
        case 9:
            self.init(
                moment: random.oneIn(2) ? commit : time, action: .clockJump(random.below(60_000) - 30_000))
        case 10: self.init(moment: time, action: .rival)
        case 11..<15:
            let ask = random.pick(
                Ask.allCases + [.cancel, .cancel, .rollback, .rollback, .resume, .retry, .retryFrom])
            self.init(
                moment: random.oneIn(2) ? commit : time,
                action: .request(ask, step: "\(name.0)/\(name.1)", remotely: random.oneIn(2)))
        default:
            let verb: Verb = random.pick([.observe, .apply, .apply, .apply, .revert, .revert])
            let action: Action =
                switch random.below(13) {
                case 0, 1: .transient
                case 2: .permanent
                case 3: .conflict
                case 4: .failsAfter
                case 5: .lost(applied: true)
                case 6: .lost(applied: false)
                case 7: .stuck(applied: random.oneIn(2))
                case 8: .deaf(1_000 * random.below(30))
                case 9, 10: .dies(applied: random.oneIn(2))
                case 11: .givesUp
                default: .cannotTell
                }
            self.init(
                moment: .call(
                    verb, object: "\(name.0)/\(name.1)",
                    count: 1 + random.below(verb == .observe ? 3 : random.oneIn(3) ? 3 : 1)),
                action: action)
        }
    }
}
