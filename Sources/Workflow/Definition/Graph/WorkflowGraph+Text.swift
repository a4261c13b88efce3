extension WorkflowGraph {
    /// The graph for Graphviz.
    public var dot: String {
        var lines = [
            "digraph \(Self.quote(title)) {", "    rankdir=LR;",
            "    node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];",
        ]
        for node in nodes {
            let colours = Self.colours(node.status)
            let label = [node.id, node.kind, node.status].compactMap { $0 }.map(Self.escape).joined(separator: "\\n")
            lines.append(
                "    \(Self.quote(node.id)) [label=\"\(label)\", fillcolor=\"\(colours.fill)\", color=\"\(colours.line)\"];"
            )
        }
        lines += edges.map { "    \(Self.quote(nodes[$0.from].id)) -> \(Self.quote(nodes[$0.to].id));" }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    /// The graph for Mermaid.
    public var mermaid: String {
        var lines = ["flowchart LR"]
        for (index, node) in nodes.enumerated() {
            let label = [node.id, node.kind, node.status].compactMap { $0 }.map(Self.entities).joined(
                separator: "<br/>")
            lines.append("    s\(index)[\"\(label)\"]")
        }
        lines += edges.map { "    s\($0.from) --> s\($0.to)" }
        for (index, node) in nodes.enumerated() where node.status != nil {
            let colours = Self.colours(node.status)
            lines.append("    style s\(index) fill:\(colours.fill),stroke:\(colours.line)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quote(_ text: String) -> String { "\"\(escape(text))\"" }

    private static func escape(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\"", "\\": result += "\\\(character)"
            case _ where character.isNewline: result += " "
            default: result.append(character)
            }
        }
    }

    /// The text as it may stand in XML and in Mermaid's quoted labels.
    static func entities(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where character.isNewline: result += " "
            default: result.append(character)
            }
        }
    }
}
