/// Finds the name that was probably meant.
package enum Spelling {
    /// The nearest of `words`, where one is near enough to be a slip of the hand; nil otherwise.
    ///
    /// Case, `-` and `_` count for nothing, so `admin-email` finds `admin_email`. Of several alike the first by name.
    package static func nearest(to word: String, among words: some Sequence<String>) -> String? {
        let wanted = folded(word)
        guard wanted.count <= 64 else { return nil }
        let limit = max(1, min(3, wanted.count / 3))
        var best: (distance: Int, word: String)?
        for candidate in words where candidate != word && candidate.utf8.count <= 128 {
            let distance = distance(wanted, folded(candidate), limit: limit)
            guard distance <= limit else { continue }
            if let best, (best.distance, best.word) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.word
    }

    /// The `fix:` line for a name that is none of `words`.
    package static func remedy(for word: String, among words: some Sequence<String>, none: String) -> String {
        if let nearest = nearest(to: word, among: words) { return "write '\(nearest)'" }
        return choice(of: words.sorted(), none: none)
    }

    /// Names what can be chosen from.
    static func choice(of words: [String], none: String) -> String {
        switch words.count {
        case 0: none
        case 1: "write '\(words[0])'"
        case ...12: "use one of \(words.joined(separator: ", "))"
        default: "use one of \(words.prefix(12).joined(separator: ", ")), …"
        }
    }

    private static func folded(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two words; `limit + 1` where more.
    private static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
        guard abs(left.count - right.count) <= limit else { return limit + 1 }
        var before: [Int] = []
        var previous = Array(0...right.count)
        for i in 0..<left.count {
            var current = [i + 1]
            for j in 0..<right.count {
                var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                current.append(cost)
            }
            (before, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
