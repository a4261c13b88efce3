extension Duration {
    /// Reads `90s`, `10m`, `1h30m`, `250ms`, `2d`, or a bare number of seconds. Nil where the text is none of these,
    /// or more than 100 years.
    public init?(text: String) {
        let longest = Duration.seconds(100 * 366 * 86400)
        if let seconds = Int(text), seconds >= 0 {
            self = .seconds(seconds)
            guard self <= longest else { return nil }
            return
        }
        var total = Duration.zero
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest.removeFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest.removeFirst(unit.count)
            guard let count = Int(digits), count <= 1_000_000_000 else { return nil }
            switch unit {
            case "ms": total += .milliseconds(count)
            case "s": total += .seconds(count)
            case "m": total += .seconds(count * 60)
            case "h": total += .seconds(count * 3600)
            case "d": total += .seconds(count * 86400)
            default: return nil
            }
            guard total <= longest else { return nil }
        }
        self = total
    }

    /// Whole milliseconds, rounded towards zero; `Int.max` or `Int.min` where there are more.
    public var milliseconds: Int {
        let (whole, overflow) = Int(components.seconds).multipliedReportingOverflow(by: 1000)
        let (sum, overflowed) = whole.addingReportingOverflow(Int(components.attoseconds / 1_000_000_000_000_000))
        return overflow || overflowed ? (components.seconds < 0 ? .min : .max) : sum
    }
}
