/// The regular expressions of list calls: found anywhere in a name unless anchored.
struct Pattern {
    private let expression: Regex<AnyRegexOutput>?

    /// - Parameter text: nil matches everything.
    init(_ text: String?, ignoringCase: Bool = false) throws(APIError) {
        guard let text else {
            expression = nil
            return
        }
        do {
            expression = try Regex(text).ignoresCase(ignoringCase)
        } catch {
            throw .validation("name", "'\(text)' is not a valid regular expression")
        }
    }

    func matches(_ name: String) -> Bool {
        guard let expression else { return true }
        return name.contains(expression)
    }
}

extension Call {
    /// The part of a list that was asked for: at most 500 at a time.
    func page<Item>(of items: [Item]) -> ArraySlice<Item> {
        let size = min(max(int("page_size") ?? 500, 1), 500)
        return items.dropFirst(max(int("page") ?? 0, 0) * size).prefix(size)
    }
}
