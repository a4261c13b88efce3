package import Workflow

/// Every difference between two values, as changes with readable paths.
///
/// Values that look like secrets are compared and never shown, see ``Sensitive``.
package struct ExactDiff {
    /// Stands before every path, such as `Deployment clearml/api`.
    private let subject: String
    /// Whether all values are secret, whatever their names.
    private let hidesAll: Bool
    private var changes: [Change] = []

    /// - Parameters:
    ///   - from: As it is; nil: not there.
    ///   - to: As it should be; nil: not there.
    package static func changes(
        from: Value?, to: Value?, subject: String, hidesAll: Bool = false
    ) -> [Change] {
        var diff = ExactDiff(subject: subject, hidesAll: hidesAll)
        diff.compare(from, to, at: [])
        return diff.changes
    }

    private init(subject: String, hidesAll: Bool) {
        self.subject = subject
        self.hidesAll = hidesAll
    }

    private mutating func compare(_ from: Value?, _ to: Value?, at path: [String]) {
        switch (from, to) {
        case (.object(let old), .object(let new)):
            for key in Set(old.keys).union(new.keys).sorted() { compare(old[key], new[key], at: path + [key]) }
        case (.array(let old), .array(let new)):
            compareLists(old, new, at: path)
        default:
            if !Self.same(from, to) { add(from, to, at: path) }
        }
    }

    private mutating func compareLists(_ old: [Value], _ new: [Value], at path: [String]) {
        if let oldNames = Self.uniqueNames(old), let newNames = Self.uniqueNames(new) {
            let oldByName = Dictionary(uniqueKeysWithValues: zip(oldNames, old))
            let newByName = Dictionary(uniqueKeysWithValues: zip(newNames, new))
            let before = changes.count
            for name in newNames { compare(oldByName[name], newByName[name], at: path.element(name)) }
            for name in oldNames where newByName[name] == nil { compare(oldByName[name], nil, at: path.element(name)) }
            // The same elements in another order: seldom of any weight, but not the same value either.
            if changes.count == before, oldNames != newNames {
                add(.array(oldNames.map { .string($0) }), .array(newNames.map { .string($0) }), at: path)
            }
        } else {
            for index in 0..<max(old.count, new.count) {
                compare(Value.array(old)[index], Value.array(new)[index], at: path.element("\(index)"))
            }
        }
    }

    private mutating func add(_ from: Value?, _ to: Value?, at path: [String]) {
        changes.append(Change(subject: subject, path: path, from: from, to: to, hidden: hidesAll))
    }

    /// Whether two values are the same; 1 and 1.0 are.
    static func same(_ left: Value?, _ right: Value?) -> Bool {
        switch (left, right) {
        case (.integer(let integer), .number(let number)), (.number(let number), .integer(let integer)):
            Double(integer) == number
        default: left == right
        }
    }

    /// The names of a list's elements, where each has one of its own.
    private static func uniqueNames(_ elements: [Value]) -> [String]? {
        let names = elements.compactMap { $0["name"]?.stringValue }
        return !names.isEmpty && names.count == elements.count && Set(names).count == names.count ? names : nil
    }
}

extension [String] {
    /// The path of an element of the list at this path: `env[NAME]`.
    func element(_ name: String) -> [String] {
        dropLast() + [(last ?? "") + "[\(name)]"]
    }
}

extension Change {
    /// A change at a path below `subject`, with what may be secret hidden.
    init(subject: String, path: [String], from: Value?, to: Value?, hidden: Bool) {
        let place = ([subject] + (path.isEmpty ? [] : [path.joined(separator: ".")])).joined(separator: " ")
        if hidden {
            self.init(place, from: from.map { _ in Sensitive.hidden }, to: to.map { _ in Sensitive.hidden })
        } else {
            self.init(place, from: Sensitive.shown(from, at: path), to: Sensitive.shown(to, at: path))
        }
    }
}
