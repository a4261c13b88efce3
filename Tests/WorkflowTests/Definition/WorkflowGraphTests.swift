import Foundation
import TestSupport
import Testing
import Workflow

@Suite("The graph of a workflow")
struct WorkflowGraphTests {
    static let definition = WorkflowDefinition(
        name: "a \"b\" <c>",
        steps: [
            StepDefinition("fetch", uses: "file.download"),
            StepDefinition("unpack", uses: "archive.unzip", needs: [0]),
            StepDefinition("install", uses: "helm.release", needs: [0, 1]),
            StepDefinition("check", uses: "http.request", needs: [2]),
            StepDefinition("notify", uses: "http.request", needs: [0, 2]),
        ])

    @Test("edges that follow from others are left out")
    func reduction() {
        let edges = WorkflowGraph(Self.definition).edges.map { [$0.from, $0.to] }
        #expect(edges == [[0, 1], [1, 2], [2, 3], [2, 4]])
    }

    @Test("of every graph: those edges that no other way leads along", arguments: [UInt64](1...20))
    func reduction(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // A step may need one further down the file.
        let places = (0..<20).shuffled(using: &random)
        let needs = (0..<20).map { step in
            places.filter { places[$0] < places[step] && Int.random(in: 0..<3, using: &random) == 0 }
        }
        let steps = needs.enumerated().map { StepDefinition("s\($0)", uses: "sleep", needs: $1) }
        func reaches(_ step: Int, _ other: Int) -> Bool { step == other || needs[step].contains { reaches($0, other) } }
        let expected = needs.enumerated().flatMap { step, needed in
            needed.filter { one in !needed.contains { $0 != one && reaches($0, one) } }.map { [$0, step] }
        }
        let edges = WorkflowGraph(WorkflowDefinition(name: "w", steps: steps)).edges.map { [$0.from, $0.to] }
        #expect(Set(edges) == Set(expected) && edges.count == expected.count)
    }

    @Test("as text")
    func text() {
        let graph = WorkflowGraph(Self.definition, statuses: ["fetch": "succeeded", "unpack": "running"])
        #expect(
            graph.dot == #"""
                digraph "a \"b\" <c>" {
                    rankdir=LR;
                    node [shape=box, style="rounded,filled", fontname="sans-serif"];
                    "fetch" [label="fetch\nfile.download\nsucceeded", fillcolor="#d7f0dc", color="#2e7d43"];
                    "unpack" [label="unpack\narchive.unzip\nrunning", fillcolor="#d9e8fb", color="#1f5fae"];
                    "install" [label="install\nhelm.release", fillcolor="#ffffff", color="#5f6368"];
                    "check" [label="check\nhttp.request", fillcolor="#ffffff", color="#5f6368"];
                    "notify" [label="notify\nhttp.request", fillcolor="#ffffff", color="#5f6368"];
                    "fetch" -> "unpack";
                    "unpack" -> "install";
                    "install" -> "check";
                    "install" -> "notify";
                }

                """#)
        #expect(
            graph.mermaid == """
                flowchart LR
                    s0["fetch<br/>file.download<br/>succeeded"]
                    s1["unpack<br/>archive.unzip<br/>running"]
                    s2["install<br/>helm.release"]
                    s3["check<br/>http.request"]
                    s4["notify<br/>http.request"]
                    s0 --> s1
                    s1 --> s2
                    s2 --> s3
                    s2 --> s4
                    style s0 fill:#d7f0dc,stroke:#2e7d43
                    style s1 fill:#d9e8fb,stroke:#1f5fae

                """)
    }

    @Test("as an image: well-formed, a box for every step, an arrow for every edge")
    func svg() {
        let graph = WorkflowGraph(Self.definition, statuses: ["fetch": "failed"])
        let svg = graph.svg
        #expect(svg.components(separatedBy: "<rect ").count - 1 == 5)
        #expect(svg.components(separatedBy: "marker-end").count - 1 == 4)
        #expect(svg.contains("<title>a &quot;b&quot; &lt;c&gt;</title>"))
        #expect(svg.components(separatedBy: "<g>").count == svg.components(separatedBy: "</g>").count)
        #expect(WorkflowGraph(WorkflowDefinition(name: "none", steps: [])).svg.hasSuffix("</svg>\n"))
    }

    @Test("boxes do not overlap, and every arrow points to the right", arguments: [UInt64](1...20))
    func layout(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let steps = (0..<30).map { index in
            StepDefinition(
                "s\(index)", uses: "sleep",
                needs: (0..<index).filter { _ in Int.random(in: 0..<6, using: &random) == 0 })
        }
        let svg = WorkflowGraph(WorkflowDefinition(name: "w", steps: steps)).svg
        let boxes = Set(svg.matches(of: /<rect x="(\d+)" y="(\d+)"/).map { "\($0.1),\($0.2)" })
        #expect(boxes.count == 30)
        for path in svg.matches(of: /<path d="M(\d+) \d+C\d+ \d+ \d+ \d+ (\d+) \d+"/) {
            #expect(try #require(Int(path.1)) < #require(Int(path.2)))
        }
    }

    @Test("an order keeps to the needs and else to the file", arguments: [UInt64](1...30))
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = Array(0..<40).shuffled(using: &random)
        var needs: [[Int]] = Array(repeating: [], count: 40)
        for (position, step) in names.enumerated() {
            needs[step] = names[..<position].filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
        }
        let order = StepOrder(needs: needs).order
        #expect(Set(order).count == 40)
        var done: Set<Int> = []
        for step in order {
            let ready = (0..<40).first { !done.contains($0) && done.isSuperset(of: needs[$0]) }
            #expect(step == ready)
            done.insert(step)
        }
    }

    @Test("circles are found, each a true one", arguments: [UInt64](1...30))
    func cycles(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let needs = (0..<25).map { _ in
            (0..<Int.random(in: 0...2, using: &random)).map { _ in Int.random(in: 0..<25, using: &random) }
        }
        let result = StepOrder(needs: needs)
        #expect((result.order.count == 25) == result.cycles.isEmpty)
        for cycle in result.cycles {
            for (step, needed) in zip(cycle, cycle.dropFirst() + [cycle[0]]) { #expect(needs[step].contains(needed)) }
        }
        #expect(StepOrder(needs: [[7, -1]]).order == [0])
    }
}
