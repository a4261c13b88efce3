import Steps
import Testing
import Workflow

struct ManifestReaderTests {
    @Test(
        "scalars mean what they mean to Kubernetes",
        arguments: [
            ("yes", true as Value), ("off", false), ("null", .null), ("", .null), ("\"true\"", "true"),
            ("2024-01-01", "2024-01-01"),
            ("1:30", "1:30"), ("0644", 420), ("0x1F", 31), ("-7", -7), ("1.5", 1.5), ("1e3", 1000.0),
            ("1.2.3", "1.2.3"), ("0.5.", "0.5."),
            ("10Gi", "10Gi"), ("089", 89), ("-0x8000000000000000", .integer(.min)), ("0x-5", "0x-5"), ("-0o17", -15),
            ("!!str 12", "12"), ("'12'", "12"), ("127.0.0.1", "127.0.0.1"),
        ])
    func scalar(text: String, value: Value) throws {
        #expect(try ManifestReader.documents(in: "v: \(text)").first?["v"] == value)
    }

    @Test("several documents, lists of objects and empty documents")
    func documents() throws {
        let objects = try ManifestReader.objects(
            in: """
                # a comment alone
                ---
                {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
                ---
                ---
                apiVersion: v1
                kind: List
                items:
                - {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: n}}
                - {apiVersion: apps/v1, kind: Deployment, metadata: {name: c}}
                """)
        #expect(
            objects.map(\.reference) == [
                ObjectReference(group: "", kind: "ConfigMap", name: "a"),
                ObjectReference(group: "", kind: "ConfigMap", namespace: "n", name: "b"),
                ObjectReference(group: "apps", kind: "Deployment", name: "c"),
            ])
    }

    @Test(
        "what is no manifest is a permanent error",
        arguments: ["a: [", "{kind: ConfigMap, apiVersion: v1}", "just text"])
    func errors(text: String) {
        let error = #expect(throws: StepError.self) { try ManifestReader.objects(in: text) }
        #expect(error?.kind == .permanent)
        #expect(error?.remedy != nil)
    }

    @Test("aliases are written out, and those that repeat each other for ever are an error")
    func aliases() throws {
        #expect(try ManifestReader.documents(in: "a: &a [1, 2]\nb: *a\n").first?["b"] == [1, 2])
        let laughs = (1..<12).reduce("a0: &a0 [ha]\n") { text, level in
            text + "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        let ladder = (1..<2000).reduce("- &a0 [ha]\n") { $0 + "- &a\($1) [*a\($1 - 1)]\n" }
        for text in [laughs, ladder] {
            let error = #expect(throws: StepError.self) { try ManifestReader.documents(in: text) }
            #expect(error?.kind == .permanent)
            #expect(error?.message.contains("unfolds to too much") == true)
            #expect(error?.remedy != nil)
        }
    }

    @Test(
        "quantities are equal by amount",
        arguments: [
            ("0.5", "500m"), ("1", "1000m"), ("1Gi", "1024Mi"), ("1e3", "1k"), ("1.5Gi", "1536Mi"),
        ])
    func quantities(left: String, right: String) {
        #expect(Quantity(left) != nil)
        #expect(Quantity(left) == Quantity(right))
    }

    @Test("what is no quantity is none", arguments: ["", "Gi", "1 Gi", "1gb", "one"])
    func noQuantity(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test(
        "versions are read out of what programs print",
        arguments: [
            ("v3.19.0+g3d8990f", ToolVersion(3, 19, 0)), ("1.27+", ToolVersion(1, 27)),
            ("v1.30.4-eks-1", ToolVersion(1, 30, 4)),
        ])
    func versions(text: String, version: ToolVersion) {
        #expect(ToolVersion(text) == version)
    }

    @Test("versions are ordered by number")
    func versionOrder() {
        #expect(ToolVersion(3, 9) < ToolVersion(3, 14))
        #expect(ToolVersion(3, 19, 9) < ToolVersion(4, 0))
        #expect(ToolVersion("no version") == nil)
    }
}
