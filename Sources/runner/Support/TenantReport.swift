import Steps
import Workflow

/// A tenant as `runner tenant` tells it.
struct TenantReport {
    let tenant: Tenant
    let window: PortWindow?
    /// The tenant's state; where a run on it stopped half-way, with how that run stands.
    let status: String

    static func all(_ session: Session) async throws -> [TenantReport] {
        let windows = Dictionary(try await session.tenants.leases().map { ($0.tenant, $0.window) }) { $1 }
        let owner = try await session.owner()
        var reports: [TenantReport] = []
        for tenant in try await session.tenants.tenants() {
            var status = tenant.state.rawValue
            let run = RunID(tenant.changedBy)
            if [.creating, .deleting].contains(tenant.state),
                let record = try await session.journal.runs(RunQuery(id: run)).first
            {
                status += " (\(session.status(of: record, owner: owner)))"
            }
            reports.append(TenantReport(tenant: tenant, window: windows[tenant.name], status: status))
        }
        return reports
    }

    static func table(_ reports: [TenantReport]) -> String {
        func width(_ text: (TenantReport) -> String) -> Int { reports.map { text($0).count }.max() ?? 0 }
        let (names, states) = (width(\.tenant.name), width(\.status))
        return reports.map { report in
            let ports = report.window.map { "ports \($0.text)" } ?? ""
            return
                "\(padded(report.tenant.name, names))  \(padded(report.status, states))  \(report.tenant.changedBy)  \(ports)"
        }.joined(separator: "\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    var text: String {
        var lines = ["tenant     \(tenant.name)", "state      \(status)"]
        func add(_ label: String, _ text: String?) {
            if let text { lines.append(Self.padded(label, 11) + text) }
        }
        add("company", tenant.company)
        add("namespace", tenant.namespace)
        add("ports", window.map { "\($0.text) (startingPort \($0.startingPort), maxServices \($0.size))" })
        add("keys", tenant.sealedCredentials == nil ? nil : "kept sealed")
        add("made", "\(tenant.createdAt.iso8601) by run \(tenant.madeBy)")
        add("changed", "\(tenant.changedAt.iso8601) by run \(tenant.changedBy)")
        if !tenant.charts.isEmpty {
            lines.append("charts")
            for (release, version) in tenant.charts.sorted(by: { $0.key < $1.key }) {
                lines.append("  \(release): \(version)")
            }
        }
        if !tenant.settings.isEmpty {
            lines.append("settings")
            for (name, value) in tenant.settings.sorted(by: { $0.key < $1.key }) where !value.isNull {
                lines.append("  \(name): \(value.shortText)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private var ports: Value {
        guard let window else { return .null }
        return ["starting_port": .integer(window.startingPort), "max_services": .integer(window.size)]
    }

    var json: Value {
        [
            "tenant": .string(tenant.name), "state": .string(tenant.state.rawValue), "status": .string(status),
            "company": tenant.company.map { .string($0) } ?? .null,
            "namespace": tenant.namespace.map { .string($0) } ?? .null,
            "charts": .object(tenant.charts.mapValues { .string($0) }), "settings": .object(tenant.settings),
            "ports": ports,
            "has_credentials": .bool(tenant.sealedCredentials != nil), "made_by": .string(tenant.madeBy),
            "changed_by": .string(tenant.changedBy), "created": .string(tenant.createdAt.iso8601),
            "changed": .string(tenant.changedAt.iso8601),
        ]
    }
}
