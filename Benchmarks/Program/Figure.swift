import Foundation

/// One figure of a report.
struct Figure: Codable, Hashable {
    var name: String
    /// The median of all measurements.
    var value: Double
    var unit: String
    var lowest: Double
    var highest: Double
    /// What it must reach; nil where it is only noted.
    var target: Target?

    enum Target: Codable, Hashable {
        case atLeast(Double)
        case atMost(Double)
    }

    init(_ name: String, _ values: [Double], _ unit: String, _ target: Target? = nil) {
        let sorted = values.sorted()
        self.name = name
        value = sorted.isEmpty ? .nan : sorted[sorted.count / 2]
        lowest = sorted.first ?? .nan
        highest = sorted.last ?? .nan
        self.unit = unit
        self.target = target
    }

    var isReached: Bool {
        switch target {
        case nil: true
        case .atLeast(let least): value >= least
        case .atMost(let most): value <= most
        }
    }

    var row: [String] {
        let wanted: String
        switch target {
        case nil: wanted = ""
        case .atLeast(let least): wanted = "≥ \(Self.text(least)) " + (isReached ? "reached" : "MISSED")
        case .atMost(let most): wanted = "≤ \(Self.text(most)) " + (isReached ? "reached" : "MISSED")
        }
        return [name, Self.text(value), unit, "\(Self.text(lowest)) … \(Self.text(highest))", wanted]
    }

    static func text(_ value: Double) -> String {
        switch abs(value) {
        case 100...: String(Int(value.rounded()))
        case 10..<100: String(format: "%.1f", value)
        default: String(format: "%.3g", value)
        }
    }
}

/// All figures of one run of the benchmark.
struct Report: Codable, Hashable {
    var date: String
    var machine: Machine
    var figures: [Figure]

    var table: String {
        Self.table(["figure", "median", "unit", "lowest … highest", "target"], figures.map(\.row))
    }

    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            "| "
                + zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ")
                + " |"
        }
        return ([head, widths.map { String(repeating: "-", count: $0) }] + rows).map(line).joined(separator: "\n")
    }
}
