extension WorkflowGraph {
    /// The graph as an SVG image: columns by longest path, boxes ordered so that arrows cross little.
    public var svg: String {
        let layout = Layout(self)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(layout.width)\" height=\"\(layout.height)\" "
                + "viewBox=\"0 0 \(layout.width) \(layout.height)\" font-family=\"sans-serif\" role=\"img\">",
            "<title>\(Self.entities(title))</title>",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
                + "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#5f6368\"/></marker></defs>",
        ]
        for edge in edges {
            let start = (x: layout.x(edge.from) + layout.boxWidth, y: layout.y(edge.from) + Layout.boxHeight / 2)
            let end = (x: layout.x(edge.to), y: layout.y(edge.to) + Layout.boxHeight / 2)
            let bend = max(Layout.gapX / 2, (end.x - start.x) / 2)
            lines.append(
                "<path d=\"M\(start.x) \(start.y)C\(start.x + bend) \(start.y) \(end.x - bend) \(end.y) "
                    + "\(end.x) \(end.y)\" fill=\"none\" stroke=\"#5f6368\" marker-end=\"url(#arrow)\"/>")
        }
        for (index, node) in nodes.enumerated() {
            let (x, y) = (layout.x(index), layout.y(index))
            let colours = Self.colours(node.status)
            let detail = [node.kind, node.status].compactMap { $0 }.joined(separator: " · ")
            lines += [
                "<g><title>\(Self.entities("\(node.id): \(detail)"))</title>",
                "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(layout.boxWidth)\" height=\"\(Layout.boxHeight)\" rx=\"6\" "
                    + "fill=\"\(colours.fill)\" stroke=\"\(colours.line)\"/>",
                "<text x=\"\(x + 10)\" y=\"\(y + 19)\" font-size=\"14\">\(Self.entities(node.id))</text>",
                "<text x=\"\(x + 10)\" y=\"\(y + 36)\" font-size=\"11\" fill=\"#5f6368\">\(Self.entities(detail))</text>",
                "</g>",
            ]
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    /// Where the boxes stand, in pixels.
    private struct Layout {
        static let boxHeight = 46
        static let gapX = 56
        static let gapY = 18
        static let margin = 16

        /// The column and the row of each node.
        private var cells: [(column: Int, row: Int)]
        private var rowCount = 0
        private var columnCount = 0
        private var columnRows: [Int] = []
        let boxWidth: Int

        init(_ graph: WorkflowGraph) {
            let longest = graph.nodes.map { max($0.id.count * 8, ($0.kind.count + ($0.status?.count ?? -3) + 3) * 6) }
            boxWidth = max(90, (longest.max() ?? 0) + 24)
            var needs: [[Int]] = Array(repeating: [], count: graph.nodes.count)
            for edge in graph.edges { needs[edge.to].append(edge.from) }
            cells = Array(repeating: (0, 0), count: graph.nodes.count)
            var columns: [[Int]] = []
            for node in StepOrder(needs: needs).order {
                let column = needs[node].map { cells[$0].column + 1 }.max() ?? 0
                cells[node].column = column
                if column == columns.count { columns.append([]) }
                columns[column].append(node)
            }
            for column in columns {
                // Near to the middle of what it needs.
                let centres = Dictionary(
                    uniqueKeysWithValues: column.map { node in
                        let rows = needs[node].map { Double(cells[$0].row) }
                        return (node, rows.isEmpty ? Double(node) : rows.reduce(0, +) / Double(rows.count))
                    })
                let sorted = column.sorted { (centres[$0] ?? 0, $0) < (centres[$1] ?? 0, $1) }
                for (row, node) in sorted.enumerated() { cells[node].row = row }
            }
            columnRows = columns.map(\.count)
            columnCount = columns.count
            rowCount = columnRows.max() ?? 0
        }

        var width: Int { 2 * Self.margin + columnCount * (boxWidth + Self.gapX) - (columnCount > 0 ? Self.gapX : 0) }
        var height: Int {
            2 * Self.margin + rowCount * (Self.boxHeight + Self.gapY) - (rowCount > 0 ? Self.gapY : 0)
        }

        func x(_ node: Int) -> Int { Self.margin + cells[node].column * (boxWidth + Self.gapX) }

        /// Columns are centred.
        func y(_ node: Int) -> Int {
            let spare = (rowCount - columnRows[cells[node].column]) * (Self.boxHeight + Self.gapY) / 2
            return Self.margin + spare + cells[node].row * (Self.boxHeight + Self.gapY)
        }
    }
}
