/// What the server takes for an e-mail address: one name, one `@`, a domain with a dot in it.
enum Email {
    static func check(_ text: String) throws(APIError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw .data("email", "Invalid email address: \(text)")
        }
        guard Domain.isValid(parts[1]) else {
            throw .data("email", "Invalid email address: \(text) (domain validation failed)")
        }
    }
}

enum Domain {
    /// Letters, digits and hyphens, in two parts or more with dots between.
    static func isValid(_ text: some StringProtocol) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                !label.isEmpty && label.count <= 63 && label.first != "-" && label.last != "-"
                    && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
            }
    }
}
