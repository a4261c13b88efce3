import Steps
import Testing
import Workflow

struct InstalledReleaseTests {
    @Test(
        "chart and version are told apart, as helm writes them in one word",
        arguments: [
            ("clearml-enterprise-agent-6.8.1", "clearml-enterprise-agent", "6.8.1"),
            ("gpu-operator-v25.3.0", "gpu-operator", "v25.3.0"),
            ("web-2-1.0.0-rc-1+build.7", "web-2", "1.0.0-rc-1+build.7"),
        ])
    func word(text: String, chart: String, version: String) throws {
        let line: Value = ["name": "r", "chart": .string(text), "status": "deployed", "revision": "12"]
        let release = try #require(InstalledRelease(line))
        #expect(release.chart == chart && release.version == version && release.revision == 12)
    }

    @Test("a line without a version is none")
    func noVersion() {
        #expect(InstalledRelease(["name": "r", "chart": "web", "status": "deployed", "revision": "1"]) == nil)
    }
}
