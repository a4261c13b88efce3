/// The stored form of events: a JSON array each, a short code first. Journals are kept for years, so a code never
/// changes its meaning; new facts get new codes.
extension RunEvent {
    /// The stored form.
    ///
    /// - Throws: `EncodingError` where a value cannot be written as JSON.
    package func stored() throws -> Value {
        func id(_ id: InstanceID) -> Value { id.item.map { [.integer(id.step), .integer($0)] } ?? .integer(id.step) }
        func time(_ time: Timestamp?) -> Value { time.map { .integer($0.milliseconds) } ?? .null }
        func text(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
        func coded(_ value: some Encodable) throws -> Value { try Value(encoding: value) }
        return switch self {
        case .created(let header): ["created", header.stored]
        case .admitted: ["admitted"]
        case .expanded(let step, let items): ["items", .integer(step), .array(items)]
        case .skipped(let step, let reason, let by): ["skip", id(step), .string(reason), text(by?.name)]
        case .attemptStarted(let step, let attempt): ["start", id(step), .integer(attempt)]
        case .attemptPrepared(let step, let prior): ["prior", id(step), prior]
        case .attemptSucceeded(let step, let output, let sealed, let changed):
            sealed == nil
                ? ["ok", id(step), .object(output), .integer(changed ? 1 : 0)]
                : ["ok", id(step), .object(output), .integer(changed ? 1 : 0), text(sealed)]
        case .attemptFailed(let step, let error, let retryAt): ["fail", id(step), try coded(error), time(retryAt)]
        case .attemptInterrupted(let step, let reason): ["interrupt", id(step), .string(reason)]
        case .outcomeUnknown(let step, let reason): ["unknown", id(step), .string(reason)]
        case .waitStarted(let step, let wait): ["wait", id(step), try coded(wait)]
        case .timerFired(let step): ["timer", id(step)]
        case .signalReceived(let name, let data, let by): ["signal", .string(name), data, .string(by.name)]
        case .approved(let step, let by, let reason): ["approve", id(step), .string(by.name), text(reason)]
        case .rejected(let step, let by, let reason): ["reject", id(step), .string(by.name), text(reason)]
        case .resolved(let step, let resolution, let by, let reason):
            ["resolve", id(step), try coded(resolution), .string(by.name), .string(reason)]
        case .cancelRequested(let by, let reason): ["cancel", .string(by.name), text(reason)]
        case .rollbackRequested(let by, let reason): ["rollback", .string(by.name), text(reason)]
        case .resumed(let by): ["resume", .string(by.name)]
        case .retryRequested(let from, let by): ["retry", from.map { .integer($0) } ?? .null, .string(by.name)]
        case .revertStarted(let step, let attempt): ["revert", id(step), .integer(attempt)]
        case .reverted(let step, let left): ["reverted", id(step), .array(left.map { .string($0) })]
        case .revertFailed(let step, let error, let retryAt): ["revertfail", id(step), try coded(error), time(retryAt)]
        case .revertInterrupted(let step): ["revertinterrupt", id(step)]
        case .settled(let status, let outputs): ["settle", .string(status.rawValue), .object(outputs)]
        }
    }

    /// Writes events as one journal row keeps them: a JSON array of their stored forms.
    static func store(_ events: [RunEvent], to output: inout [UInt8]) throws {
        output.append(UInt8(ascii: "["))
        for (index, event) in events.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            try event.store(to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Writes the stored form as JSON. What every step has is written straight away, the rest by way of `stored`.
    package func store(to output: inout [UInt8]) throws {
        func text(_ text: String) { output.append(contentsOf: text.utf8) }
        func id(_ id: InstanceID) {
            if let item = id.item { text("[\(id.step),\(item)]") } else { text(String(id.step)) }
        }
        switch self {
        case .admitted: text("[\"admitted\"]")
        case .attemptStarted(let step, let attempt):
            text("[\"start\",")
            id(step)
            text(",")
            text(String(attempt))
            text("]")
        case .attemptSucceeded(let step, let values, nil, let changed):
            text("[\"ok\",")
            id(step)
            text(",")
            Value.object(values).write(to: &output)
            text(changed ? ",1]" : ",0]")
        case .settled(let status, let outputs):
            text("[\"settle\",\"")
            text(status.rawValue)
            text("\",")
            Value.object(outputs).write(to: &output)
            text("]")
        default: try stored().write(to: &output)
        }
    }

    /// Reads a stored event.
    ///
    /// - Throws: `InvalidEvent` where the value is none: written by a newer version, or damaged.
    package init(stored value: Value) throws(InvalidEvent) {
        let reader = StoredEvent(value)
        switch value[0]?.stringValue {
        case "created":
            if let header = value[1].flatMap(RunHeader.init(stored:)) {
                self = .created(header)
            } else {
                self = .created(try reader.coded(1))
            }
        case "admitted": self = .admitted
        case "items": self = .expanded(step: try reader.integer(1), items: try reader.array(2))
        case "skip":
            self = .skipped(try reader.id(), reason: try reader.text(2), by: reader.optionalText(3).map(Actor.init))
        case "start": self = .attemptStarted(try reader.id(), attempt: try reader.integer(2))
        case "prior": self = .attemptPrepared(try reader.id(), prior: try reader.value(2))
        case "ok":
            self = .attemptSucceeded(
                try reader.id(), output: try reader.object(2), sealed: reader.optionalText(4),
                changed: try reader.integer(3) == 1)
        case "fail": self = .attemptFailed(try reader.id(), try reader.coded(2), retryAt: reader.time(3))
        case "interrupt": self = .attemptInterrupted(try reader.id(), reason: try reader.text(2))
        case "unknown": self = .outcomeUnknown(try reader.id(), reason: try reader.text(2))
        case "wait": self = .waitStarted(try reader.id(), try reader.coded(2))
        case "timer": self = .timerFired(try reader.id())
        case "signal":
            self = .signalReceived(name: try reader.text(1), data: try reader.value(2), by: Actor(try reader.text(3)))
        case "approve": self = .approved(try reader.id(), by: Actor(try reader.text(2)), reason: reader.optionalText(3))
        case "reject": self = .rejected(try reader.id(), by: Actor(try reader.text(2)), reason: reader.optionalText(3))
        case "resolve":
            self = .resolved(
                try reader.id(), try reader.coded(2), by: Actor(try reader.text(3)), reason: try reader.text(4))
        case "cancel": self = .cancelRequested(by: Actor(try reader.text(1)), reason: reader.optionalText(2))
        case "rollback": self = .rollbackRequested(by: Actor(try reader.text(1)), reason: reader.optionalText(2))
        case "resume": self = .resumed(by: Actor(try reader.text(1)))
        case "retry": self = .retryRequested(from: value[1]?.integerValue, by: Actor(try reader.text(2)))
        case "revert": self = .revertStarted(try reader.id(), attempt: try reader.integer(2))
        case "reverted": self = .reverted(try reader.id(), left: try reader.array(2).compactMap(\.stringValue))
        case "revertfail": self = .revertFailed(try reader.id(), try reader.coded(2), retryAt: reader.time(3))
        case "revertinterrupt": self = .revertInterrupted(try reader.id())
        case "settle":
            guard let status = RunStatus(rawValue: try reader.text(1)) else { throw reader.misfit }
            self = .settled(status, outputs: try reader.object(2))
        default: throw reader.misfit
        }
    }
}

/// Picks the parts of a stored event.
private struct StoredEvent {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    var misfit: InvalidEvent {
        InvalidEvent("not an event this version knows: \(value[0]?.canonicalJSON ?? "no code")")
    }

    func value(_ index: Int) throws(InvalidEvent) -> Value {
        guard let value = value[index] else { throw misfit }
        return value
    }

    func text(_ index: Int) throws(InvalidEvent) -> String {
        guard let text = value[index]?.stringValue else { throw misfit }
        return text
    }

    func optionalText(_ index: Int) -> String? { value[index]?.stringValue }

    func integer(_ index: Int) throws(InvalidEvent) -> Int {
        guard let integer = value[index]?.integerValue else { throw misfit }
        return integer
    }

    func array(_ index: Int) throws(InvalidEvent) -> [Value] {
        guard let array = value[index]?.arrayValue else { throw misfit }
        return array
    }

    func object(_ index: Int) throws(InvalidEvent) -> [String: Value] {
        guard let object = value[index]?.objectValue else { throw misfit }
        return object
    }

    func time(_ index: Int) -> Timestamp? { value[index]?.integerValue.map { Timestamp(milliseconds: $0) } }

    func id() throws(InvalidEvent) -> InstanceID {
        if let step = value[1]?.integerValue { return InstanceID(step) }
        guard let step = value[1]?[0]?.integerValue, let item = value[1]?[1]?.integerValue else { throw misfit }
        return InstanceID(step, item: item)
    }

    func coded<T: Decodable>(_ index: Int) throws(InvalidEvent) -> T {
        do {
            return try value(index).decoded(as: T.self)
        } catch {
            throw misfit
        }
    }
}

extension RunHeader {
    /// What `Codable` makes of it, without the way over text: every run has one.
    fileprivate var stored: Value {
        func texts(_ texts: [String: String]) -> Value { .object(texts.mapValues { .string($0) }) }
        var members: [String: Value] = [
            "workflow": .string(workflow), "version": .integer(version), "bundle": .string(bundle),
            "inputs": .object(inputs), "secretSources": texts(secretSources), "parallel": .integer(parallel),
            "by": .string(by.name),
        ]
        if let group { members["group"] = .string(group) }
        if let parent { members["parent"] = ["run": .string(parent.run.rawValue), "step": .string(parent.step)] }
        return .object(members)
    }

    /// Reads a header without the way over text; nil where it is not of the form that `stored` gives.
    fileprivate init?(stored value: Value) {
        guard let workflow = value["workflow"]?.stringValue, let version = value["version"]?.integerValue,
            let bundle = value["bundle"]?.stringValue, let inputs = value["inputs"]?.objectValue,
            let sources = value["secretSources"]?.objectValue, let parallel = value["parallel"]?.integerValue,
            let by = value["by"]?.stringValue, value["parent"] == nil
        else { return nil }
        let texts = sources.compactMapValues(\.stringValue)
        let group = value["group"]?.stringValue
        guard texts.count == sources.count, (group == nil) == (value["group"] == nil) else { return nil }
        self.init(
            workflow: workflow, version: version, bundle: bundle, inputs: inputs, secretSources: texts,
            parallel: parallel, by: Actor(by), group: group)
    }
}
