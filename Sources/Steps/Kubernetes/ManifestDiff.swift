package import Workflow

/// Compares a manifest with the live object that was made of it, field by field of the manifest.
///
/// The API server adds defaults, drops empty values and rewrites quantities, and controllers add fields of their own,
/// so a live object never equals its manifest. What the manifest does not name is left alone here. Where the manifest
/// alone cannot tell (is a missing `false` a default, or was it taken away?) the finding is in `doubtful`, and the
/// server has the last word, see ``LiveObjects``.
package struct ManifestDiff {
    package private(set) var certain: [Change] = []
    package private(set) var doubtful: [Change] = []

    private let subject: String
    private let hidesAll: Bool
    private let listKeys: ListKeys

    /// - Parameter live: Nil: there is no such object.
    package init(wanted: KubernetesObject, live: KubernetesObject?) {
        subject = (live ?? wanted).reference.description
        hidesAll = wanted.isSecret
        listKeys = ListKeys(wanted.reference)
        guard let live else {
            certain = [Change(subject, from: nil, to: "present")]
            return
        }
        let old = live.content
        for (key, value) in (Self.withoutWriteOnlyFields(wanted).objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            switch key {
            case "apiVersion", "kind", "status": continue
            case "metadata":
                // The rest of the metadata is the object's identity, or the server's own.
                for field in ["labels", "annotations", "finalizers"] {
                    guard let wanted = value[field] else { continue }
                    compare(wanted, old["metadata"]?[field], at: ["metadata", field], atomic: false)
                }
            default: compare(value, old[key], at: [key], atomic: false)
            }
        }
    }

    package var isEmpty: Bool { certain.isEmpty && doubtful.isEmpty }

    /// - Parameter atomic: Whether the value lies in a list that is replaced as a whole, so that a field which the
    ///   manifest does not name has no business there (or is a default).
    private mutating func compare(_ wanted: Value, _ live: Value?, at path: [String], atomic: Bool) {
        switch (wanted, live) {
        case (.null, _): return  // "as the server likes it"
        case (.object(let new), .object(let old)):
            let isWhole = listKeys.isAtomicMap(path)
            for key in new.keys.sorted() {
                compare(new[key] ?? .null, old[key], at: path + [key], atomic: atomic || isWhole)
            }
            for key in old.keys.sorted() where new[key] == nil && !Self.isBlank(old[key]) {
                if isWhole {
                    add(old[key], nil, at: path + [key])
                } else if atomic {
                    doubt(old[key], nil, at: path + [key])
                }
            }
        case (.array(let new), .array(let old)):
            compareLists(new, old, at: path, atomic: atomic)
        case (let wanted, nil):
            if Self.isBlank(wanted) { return }
            // A false or a zero is often the default, and then the server leaves it out.
            if wanted == .bool(false) || ExactDiff.same(wanted, .integer(0)) {
                doubt(nil, wanted, at: path)
            } else {
                add(nil, wanted, at: path)
            }
        default:
            if !Self.same(wanted, live, at: path) { add(live, wanted, at: path) }
        }
    }

    private mutating func compareLists(_ new: [Value], _ old: [Value], at path: [String], atomic: Bool) {
        if path.last == "finalizers" {
            for element in new where !old.contains(element) { add(nil, element, at: path) }
            return
        }
        guard !atomic, let newByKey = listKeys.elements(of: new, at: path),
            let oldByKey = listKeys.elements(of: old, at: path)
        else {
            guard new.count == old.count else { return add(.array(old), .array(new), at: path) }
            for (index, pair) in zip(new, old).enumerated() {
                compare(pair.0, pair.1, at: path.element("\(index)"), atomic: true)
            }
            return
        }
        for key in newByKey.keys.sorted() {
            compare(newByKey[key] ?? .null, oldByKey[key], at: path.element(key), atomic: false)
        }
    }

    private mutating func add(_ from: Value?, _ to: Value?, at path: [String]) {
        certain.append(Change(subject: subject, path: path, from: from, to: to, hidden: hidesAll))
    }

    private mutating func doubt(_ from: Value?, _ to: Value?, at path: [String]) {
        doubtful.append(Change(subject: subject, path: path, from: from, to: to, hidden: hidesAll))
    }

    /// What the server treats as not given.
    private static func isBlank(_ value: Value?) -> Bool {
        switch value {
        case nil, .null, .string(""): true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.values.allSatisfy { isBlank($0) }
        case .bool, .integer, .number, .string: false
        }
    }

    private static func same(_ left: Value?, _ right: Value?, at path: [String]) -> Bool {
        if ExactDiff.same(left, right) { return true }
        guard path.contains(where: { amounts.contains($0) }), let left = quantity(left), let right = quantity(right)
        else { return false }
        return left == right
    }

    private static func quantity(_ value: Value?) -> Quantity? {
        switch value {
        case .string(let text): Quantity(text)
        case .integer(let integer): Quantity("\(integer)")
        case .number(let number): Quantity("\(number)")
        default: nil
        }
    }

    /// The fields below which texts are quantities.
    private static let amounts: Set = [
        "limits", "requests", "capacity", "hard", "min", "max", "default", "defaultRequest", "maxLimitRequestRatio",
        "sizeLimit", "overhead", "averageValue", "divisor", "storage",
    ]

    /// A Secret's `stringData` as the `data` that the server makes of it.
    private static func withoutWriteOnlyFields(_ object: KubernetesObject) -> Value {
        guard object.isSecret, var members = object.content.objectValue,
            let texts = members.removeValue(forKey: "stringData")?.objectValue
        else { return object.content }
        let encoded = texts.mapValues { Value.string(Base64.encoded($0.stringValue ?? "")) }
        members["data"] = .object((members["data"]?.objectValue ?? [:]).merging(encoded) { $1 })
        return .object(members)
    }
}
