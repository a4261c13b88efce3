import Workflow

/// The parameters of a `helm.release`, understood.
struct ReleaseWish: Sendable {
    let release: String
    let namespace: String
    let source: ChartSource
    /// Nil: any where one is installed, else the newest.
    let version: String?
    /// As given; see `wantedValues`.
    private let values: Value
    /// Whether those of the release go on, with `values` over them.
    let reusesValues: Bool
    let waits: Bool
    let timeout: Duration
    let upgrade: HelmCommands.Upgrade
    let ignored: [String]
    let helm: Helm
    let kubectl: Kubectl
    let files: PrivateFiles

    init(_ input: StepInput, _ access: ClusterAccess, _ context: StepContext) throws(StepError) {
        let access = try access.overridden(by: input)
        release = try input.string("release")
        namespace = try input.string("namespace")
        source = try ChartSource(input)
        version = try input.optionalString("version")
        values = .object(try input.object("values"))
        reusesValues = try input.flag("reuse_values")
        waits = input["wait"]?.boolValue ?? true
        timeout = try input.duration("timeout") ?? .seconds(600)
        ignored = try input.strings("ignore")
        var upgrade = HelmCommands.Upgrade()
        upgrade.createsNamespace = try input.flag("create_namespace")
        upgrade.skipsCRDs = try input.flag("skip_crds")
        upgrade.takesOwnership = try input.flag("take_ownership")
        upgrade.forcesConflicts = try input.flag("force_conflicts")
        upgrade.serverSide = input["server_side"]?.boolValue
        upgrade.waitsForJobs = try input.flag("wait_for_jobs")
        self.upgrade = upgrade
        helm = Helm(access, dataDirectory: context.dataDirectory)
        kubectl = Kubectl(access)
        files = access.files
    }

    var releases: Releases { Releases(helm: helm, kubectl: kubectl, release: release, namespace: namespace) }
    var live: LiveObjects { LiveObjects(kubectl, namespace: namespace) }

    /// The values to upgrade with, where the release may have any of its own.
    func wantedValues() async throws -> Value {
        guard reusesValues else { return values }
        // A revision that failed may have had others.
        guard let deployed = try await releases.history().last(where: { $0.status == "deployed" }) else {
            throw nothingToReuse
        }
        return wantedValues(over: try await releases.state(revision: deployed.revision))
    }

    private func wantedValues(over state: ReleaseState) -> Value {
        reusesValues ? state.values.merged(with: values.withoutNulls) : values
    }

    var nothingToReuse: StepError {
        StepError(
            .permanent, "it has never been installed, so there are no values to go on with", object: releases.object,
            remedy: "install it first, or name the release that is there")
    }

    /// What an upgrade would change in the release itself: chart, version, values.
    func changes(from state: ReleaseState) async throws -> [Change] {
        var wantedName = source.name
        var wantedVersion = version
        if case .local(let path) = source {
            let chart = try await ChartStore(helm, files: files).local(path, version: version)
            wantedName = chart.name
            wantedVersion = chart.version
        }
        var changes: [Change] = []
        if let wantedName, wantedName != state.chart {
            changes.append(Change("\(releases.object) chart", from: .string(state.chart), to: .string(wantedName)))
        }
        if let wantedVersion, !Self.matches(state.chartVersion, wantedVersion) {
            changes.append(
                Change(
                    "\(releases.object) chart version", from: .string(state.chartVersion), to: .string(wantedVersion)))
        }
        return changes
            + ExactDiff.changes(from: state.values, to: wantedValues(over: state), subject: "\(releases.object) values")
    }

    /// Whether an installed version is the one asked for. A range can only be judged by helm, so it is left as it is.
    static func matches(_ installed: String, _ wanted: String) -> Bool {
        if installed == wanted || wanted == "v\(installed)" || installed == "v\(wanted)" { return true }
        return wanted.contains { " ^~<>=*xX|,".contains($0) } && !wanted.contains("-")
    }
}

extension Value {
    /// The value without the members of objects that are null, at any depth.
    fileprivate var withoutNulls: Value {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !$0.value.isNull }.mapValues(\.withoutNulls))
    }
}
