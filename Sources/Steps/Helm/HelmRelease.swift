package import Foundation
package import Workflow

/// `helm.release`: a chart installed, or upgraded, with these values, and ready.
///
/// Present is a release that helm calls deployed, of this chart and version, with these values, and whose objects are
/// as its manifest says. Where a dead helm has left it pending, it is brought on its feet again, see
/// ``ReleaseRecovery``.
package struct HelmRelease: StepKind {
    package let name = "helm.release"
    package let summary = "Installs or upgrades a Helm chart and waits until it is ready."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter(
                "release", .string(pattern: "[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?"), required: true, "The release's name."
            ),
            Parameter("namespace", .string, required: true, "The release's namespace."),
            Parameter("create_namespace", .boolean, default: false, "Creates the namespace where it is missing."),
            Parameter(
                "chart", .string, required: true,
                "A chart's name in `repository`, an `oci://` address, or the path of a .tgz file or folder."),
            Parameter(
                "repository", .object(HelmParameters.repository),
                "Where the chart is; the output of helm.repository fits."),
            Parameter(
                "registry", .object(HelmParameters.registry),
                "Login for an `oci://` chart; the output of helm.registry fits."),
            Parameter(
                "version", .string, "The chart's version; none: the newest at an install, any where one is installed."),
            Parameter("values", .template, "The chart's values."),
            Parameter(
                "reuse_values", .boolean, default: false,
                "Takes the values that the release has, with `values` over them (nulls left out); it has to be there."),
            Parameter("wait", .boolean, default: true, "Waits until everything is ready."),
            Parameter("wait_for_jobs", .boolean, default: false, "Waits for Jobs to end, too."),
            Parameter(
                "timeout", .duration, default: "10m", "Longest time for each of helm's operations, the wait among them."
            ),
            Parameter("skip_crds", .boolean, default: false, "Leaves out the chart's `crds` folder."),
            Parameter(
                "take_ownership", .boolean, default: false, "Takes over objects that no release or another one owns."),
            Parameter(
                "force_conflicts", .boolean, default: false, "Helm 4: takes over fields that another manager owns."),
            Parameter(
                "server_side", .boolean,
                "Helm 4: whether to apply on the server; false for charts that name an environment variable twice."),
            Parameter(
                "ignore", .array(.string),
                "Beginnings of changes to overlook, such as `Deployment clearml/api spec.replicas`."),
            Parameter(
                "on_revert", .oneOf("uninstall", "keep"), default: "uninstall",
                "What a rollback does with a release that this run installed."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("release", .string, "The release's name."),
        Parameter("namespace", .string, "The release's namespace."),
        Parameter("revision", .integer, "The release's revision."),
        Parameter("status", .string, "`deployed`."),
        Parameter("chart", .string, "The chart's name."),
        Parameter("chart_version", .string, "The chart's version."),
        Parameter("app_version", .string, "The application's version, as the chart names it."),
        Parameter("fullname", .string, "The full name that charts commonly derive: release, or release and chart."),
        Parameter("objects", .array(.string), "The release's objects, such as `Service clearml/api`."),
    ]

    private let access: ClusterAccess
    private let now: @Sendable () -> Date
    private let versions: HelmVersionCache
    private let clock: any Clock<Duration>
    private let reportInterval: Duration

    /// - Parameters:
    ///   - now: Wall-clock time, to tell whether another helm may still be at work.
    ///   - clock: Measures the pauses between looks at what a release waits for.
    ///   - reportInterval: How long those are.
    package init(
        _ access: ClusterAccess, versions: HelmVersionCache, now: @escaping @Sendable () -> Date,
        clock: any Clock<Duration> = ContinuousClock(), reportInterval: Duration = .seconds(30)
    ) {
        self.access = access
        self.versions = versions
        self.now = now
        self.clock = clock
        self.reportInterval = reportInterval
    }

    /// The release before this run changed anything.
    struct Prior: Codable, Hashable {
        /// Whether there was a release of any status.
        var existed: Bool
        /// The newest revision; 0: none.
        var newest: Int
        /// When the newest revision's operation began, in seconds since the Unix epoch: a revision that helm was made
        /// to forget gives its number to the next.
        var begun: Int?
        /// The deployed revision to go back to; nil: none.
        var revision: Int?
        var status: String?
        var namespaceExisted: Bool

        /// Whether the revision was made after this was recorded.
        func precedes(_ revision: ReleaseRevision) -> Bool {
            revision.revision > newest || revision.revision == newest && revision.begun != begun
        }
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try ReleaseWish(input, access, context)
        let history = try await wish.releases.history()
        guard let last = history.last, last.status != "uninstalled" else {
            if wish.reusesValues { throw wish.nothingToReuse }
            return .absent(prior: try await prior(history, wish))
        }
        guard last.status == "deployed" else {
            let change = Change("\(wish.releases.object) status", from: .string(last.status), to: "deployed")
            return .differs([change], prior: try await prior(history, wish))
        }
        let state = try await wish.releases.state(revision: last.revision)
        var changes = try await wish.changes(from: state)
        let drift = try await wish.live.changes(ManifestReader.objects(in: state.manifest))
        changes += drift.filter { change in !wish.ignored.contains { change.path.hasPrefix($0) } }
        return changes.isEmpty
            ? .present(try output(state, wish)) : .differs(changes, prior: try await prior(history, wish))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try ReleaseWish(input, access, context)
        let before = try prior?.decoded(as: Prior.self)
        try await clearTheWay(wish, before, context)
        let values = try await wish.wantedValues()
        let commands = HelmCommands(
            try await versions.version(of: access.helm, wish.helm), release: wish.release, namespace: wish.namespace)
        try await ChartStore(wish.helm, files: access.files).withChart(wish.source, version: wish.version) { chart in
            context.log(.note, "\(wish.releases.object): \(chart.name) \(chart.version)")
            do {
                try await whileReporting(wish, context) {
                    try await wish.helm.run(
                        commands.upgrade(chart: chart.path, wish.upgrade, waits: wish.waits, timeout: wish.timeout),
                        input: values.canonicalJSON, object: wish.releases.object
                    ) { line in
                        // Standard output ends with the chart's notes, which may quote values.
                        if line.stream == .error { context.log(.stderr, line.text) }
                    }
                }
            } catch let error as StepError {
                throw try await explained(error, wish)
            }
        }
        guard let last = try await wish.releases.history().last else {
            throw StepError(.transient, "the release is gone right after its upgrade", object: wish.releases.object)
        }
        let state = try await wish.releases.state(revision: last.revision)
        for line in state.notes.split(whereSeparator: \.isNewline) { context.log(.note, String(line)) }
        return try output(state, wish)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let before = try prior?.decoded(as: Prior.self) else { return [] }
        let wish = try ReleaseWish(input, access, context)
        let commands = HelmCommands(
            try await versions.version(of: access.helm, wish.helm), release: wish.release, namespace: wish.namespace)
        let revert = ReleaseRevert(wish: wish, commands: commands, context: context)
        if before.existed { return try await revert.rollback(to: before) }
        if try input.optionalString("on_revert") == "keep" {
            return ["\(wish.releases.object) stays, as this step says `on_revert: keep`"]
        }
        return try await revert.uninstall(removesNamespace: wish.upgrade.createsNamespace && !before.namespaceExisted)
    }

    package func undoing(_ parameters: [String: Value], prior: Value?) -> String? {
        guard let before = try? prior?.decoded(as: Prior.self) else { return nil }
        let names = ["namespace", "release"].map { parameters[$0]?.stringValue ?? "?" }
        let release = "release \(names.joined(separator: "/"))"
        guard !before.existed else {
            return before.revision.map { "takes \(release) back to revision \($0)" } ?? "leaves \(release) as it is"
        }
        if parameters["on_revert"] == "keep" { return "leaves \(release) installed" }
        return "uninstalls \(release); what is stored in the chart's own volumes is lost"
    }

    private func prior(_ history: [ReleaseRevision], _ wish: ReleaseWish) async throws -> Value {
        let last = history.last
        return try Value(
            encoding: Prior(
                existed: last.map { $0.status != "uninstalled" } ?? false, newest: last?.revision ?? 0,
                begun: last?.begun,
                revision: history.last { $0.status == "deployed" }?.revision, status: last?.status,
                namespaceExisted: try await Namespaces(wish.kubectl).exists(wish.namespace)))
    }

    /// Makes sure that no unfinished operation is in the way of the next one.
    ///
    /// - Parameter forgotten: The revision that helm was made to forget before.
    private func clearTheWay(
        _ wish: ReleaseWish, _ prior: Prior?, forgotten: ReleaseRevision? = nil, _ context: StepContext
    ) async throws {
        let history = try await wish.releases.history()
        guard let last = history.last else { return }
        var hooks: [KubernetesObject] = []
        if last.status == "failed" {
            hooks = try ManifestReader.objects(in: try await wish.releases.state(revision: last.revision).hooks)
        }
        let action = ReleaseRecovery.action(
            history: history, isOurs: prior?.precedes(last) ?? false, lifetime: max(wish.timeout, .seconds(300)),
            now: now(),
            hasInstallOnlyHooks: ReleaseRecovery.hasInstallOnlyHooks(hooks))
        switch action {
        case .proceed: return
        case .forget(let revision, _) where revision.revision >= forgotten?.revision ?? .max:
            throw StepError(
                .transient, "revision \(revision.revision) is still in helm's history after it was dropped from it",
                object: wish.releases.object,
                remedy:
                    "see whether this account may delete Secrets in namespace \(wish.namespace), then resume the run")
        case .forget(let revision, let why):
            context.log(
                .note,
                "revision \(revision.revision) is '\(revision.status)' and is dropped from helm's history: \(why)")
            try await wish.releases.forget(revision)
            // Beneath it another one may be unfinished.
            try await clearTheWay(wish, prior, forgotten: revision, context)
        case .wait(let revision, let until):
            throw StepError(
                .transient,
                "another helm has begun revision \(revision.revision) ('\(revision.status)') "
                    + "and may be at work until \(until.ISO8601Format())",
                object: wish.releases.object,
                remedy:
                    "wait for it; if it is dead, `helm rollback \(wish.release) -n \(wish.namespace)`, "
                    + "then resume the run"
            )
        case .uninstalling:
            guard let prior, !prior.existed else {
                throw StepError(
                    .conflict, "somebody has begun to uninstall it", object: wish.releases.object,
                    remedy: "let that end: helm uninstall \(wish.release) -n \(wish.namespace); then resume the run")
            }
            let commands = HelmCommands(
                try await versions.version(of: access.helm, wish.helm), release: wish.release, namespace: wish.namespace
            )
            try await wish.helm.run(commands.uninstall(timeout: wish.timeout), object: wish.releases.object)
        }
    }

    /// The error with what the release's pods wait for, where waiting was the trouble.
    private func explained(_ error: StepError, _ wish: ReleaseWish) async throws -> StepError {
        let mayBeHooks = error.message.contains("hook") || error.message.contains("BackoffLimitExceeded")
        guard error.kind == .timedOut || mayBeHooks || error.message.contains("not ready") else { return error }
        let findings = try await findings(wish)
        guard !findings.isEmpty else { return error }
        var explained = error
        explained.kind = findings.contains(where: \.isHopeless) ? .permanent : .timedOut
        explained.message =
            "not ready after \(wish.timeout.components.seconds) s:" + findings.map { "\n  \($0.description)" }.joined()
            + "\n  (\(error.message.replacing("\n", with: "; ")))"
        explained.remedy = "mend what the pods wait for (or raise `timeout`), then resume the run"
        return explained
    }

    /// What the release's pods wait for.
    private func findings(_ wish: ReleaseWish) async throws -> [PodDiagnosis.Finding] {
        guard let last = try await wish.releases.history().last else { return [] }
        let state = try await wish.releases.state(revision: last.revision)
        let objects = try ManifestReader.objects(in: state.manifest) + ManifestReader.objects(in: state.hooks)
        return try await ReadinessReport(wish.kubectl).findings(about: objects, namespace: wish.namespace)
    }

    /// Does `body`, and logs what the release waits for meanwhile, as often as that changes.
    private func whileReporting(
        _ wish: ReleaseWish, _ context: StepContext, _ body: @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                var told: [String] = []
                while !Task.isCancelled {
                    try await clock.sleep(for: reportInterval)
                    // A look that fails must not fail what it looks at; the next one may succeed.
                    guard let found = try? await findings(wish).map(\.description), found != told else { continue }
                    if !found.isEmpty { context.log(.note, "waits for:" + found.map { "\n  \($0)" }.joined()) }
                    told = found
                }
            }
            try await body()
        }
    }

    private func output(_ state: ReleaseState, _ wish: ReleaseWish) throws(StepError) -> StepOutput {
        let objects = try ManifestReader.objects(in: state.manifest)
        return StepOutput([
            "release": .string(wish.release), "namespace": .string(wish.namespace),
            "revision": .integer(state.revision),
            "status": .string(state.status), "chart": .string(state.chart),
            "chart_version": .string(state.chartVersion),
            "app_version": .string(state.appVersion),
            "fullname": .string(ReleaseState.fullname(release: wish.release, chart: state.chart)),
            "objects": .array(objects.map { .string($0.reference.description) }),
        ])
    }
}
