import Foundation
import Steps
import Testing
import Workflow

struct ReleaseRecoveryTests {
    let now = Date(timeIntervalSince1970: 10_000)

    func revision(_ revision: Int, _ status: String, age: TimeInterval = 10) -> ReleaseRevision {
        ReleaseRevision(revision: revision, status: status, updated: now.addingTimeInterval(-age))
    }

    func action(_ history: [ReleaseRevision], isOurs: Bool = true, installHooks: Bool = false) -> ReleaseRecovery.Action
    {
        ReleaseRecovery.action(
            history: history, isOurs: isOurs, lifetime: .seconds(600), now: now, hasInstallOnlyHooks: installHooks)
    }

    @Test("a pending revision that this run has begun is forgotten at once")
    func ours() {
        for status in ["pending-install", "pending-upgrade", "pending-rollback"] {
            guard case .forget(let revision, _) = action([revision(3, "deployed"), revision(4, status)]) else {
                Issue.record("\(status)")
                continue
            }
            #expect(revision.revision == 4)
        }
    }

    @Test("one that was there before is left alone for as long as its helm may live")
    func foreign() {
        let young = revision(1, "pending-install", age: 599)
        #expect(action([young], isOurs: false) == .wait(young, until: now.addingTimeInterval(1)))
        guard case .forget = action([revision(1, "pending-install", age: 601)], isOurs: false) else {
            Issue.record("an old one is dead")
            return
        }
    }

    @Test("what helm can go on from is no obstacle", arguments: ["deployed", "failed", "superseded", "uninstalled"])
    func proceed(status: String) {
        #expect(action([revision(1, "superseded"), revision(2, status)], installHooks: true) == .proceed)
        #expect(action([]) == .proceed)
    }

    @Test("a failed first install is made anew only where its hooks ask for it")
    func failedInstall() {
        #expect(action([revision(1, "failed")]) == .proceed)
        guard case .forget = action([revision(1, "failed")], installHooks: true) else {
            Issue.record("hooks for an install would never run")
            return
        }
    }

    @Test("an uninstall that stopped half-way is for the caller to judge")
    func uninstalling() {
        #expect(action([revision(1, "uninstalling")]) == .uninstalling)
    }

    @Test(
        "hooks that run at an install and not at an upgrade",
        arguments: [
            ("post-install", true), ("post-install,post-upgrade", false), ("pre-install, pre-upgrade", false),
            ("pre-install,post-upgrade", true),
            ("pre-upgrade", false), ("test", false),
        ])
    func hooks(events: String, isInstallOnly: Bool) throws {
        let hook = try KubernetesObject([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "h", "annotations": ["helm.sh/hook": .string(events)]],
        ])
        #expect(ReleaseRecovery.hasInstallOnlyHooks([hook]) == isInstallOnly)
    }

    @Test(
        "the usual full name",
        arguments: [
            ("clearml", "clearml-enterprise", "clearml-clearml-enterprise"),
            ("clearml-enterprise", "clearml-enterprise", "clearml-enterprise"),
            ("redis", "redis", "redis"),
            (
                String(repeating: "a", count: 50), "chart-name-is-long",
                String(repeating: "a", count: 50) + "-chart-name-i"
            ),
        ])
    func fullname(release: String, chart: String, fullname: String) {
        #expect(ReleaseState.fullname(release: release, chart: chart) == fullname)
    }
}

struct HelmCommandsTests {
    @Test("helm 3 and 4 are asked in their own words")
    func dialects() {
        var upgrade = HelmCommands.Upgrade()
        upgrade.createsNamespace = true
        upgrade.forcesConflicts = true
        upgrade.serverSide = false
        let three = HelmCommands(ToolVersion(3, 19), release: "r", namespace: "n")
        let four = HelmCommands(ToolVersion(4, 1), release: "r", namespace: "n")
        #expect(
            three.upgrade(chart: "c.tgz", upgrade, waits: true, timeout: .seconds(90)) == [
                "upgrade", "r", "c.tgz", "--install", "--reset-values", "--values", "-", "--namespace", "n", "--wait",
                "--timeout",
                "90s", "--create-namespace",
            ])
        #expect(
            four.upgrade(chart: "c.tgz", upgrade, waits: true, timeout: .seconds(90)) == [
                "upgrade", "r", "c.tgz", "--install", "--reset-values", "--values", "-", "--namespace", "n",
                "--wait=watcher",
                "--timeout", "90s", "--create-namespace", "--server-side=false", "--force-conflicts",
            ])
        #expect(
            four.rollback(to: 3, waits: false, timeout: .seconds(1)) == [
                "rollback", "r", "3", "--namespace", "n", "--timeout", "1s",
            ])
    }
}
