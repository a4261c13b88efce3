import Foundation

/// What tests steer the stand-in by, and look behind it with. No credentials: it listens on loopback alone.
///
/// - `GET /_sandbox/calls[/ENDPOINT]`: the requests that came, oldest first; `DELETE` forgets them.
/// - `POST /_sandbox/faults` with a ``Fault``; `GET` lists them, with the counts left; `DELETE` removes them all.
/// - `POST /_sandbox/reader` with `{"user": …, "password": …}`: only these may read the charts from now on.
/// - `GET /_sandbox/state`: the whole world, secrets included.
/// - `POST /_sandbox/version` with `{"version": "3.30"}`: it is that release from now on.
/// - `POST /_sandbox/companies/ID/remove`: what the jobs in an older server's pods do, which delete a company.
/// - `POST /_sandbox/reset`: as newly started, with no world, faults or records.
struct Control: Sendable {
    let api: ClearML
    let ledger: Ledger
    /// Nil where everybody may read the charts.
    let reader: Reader?

    func answer(_ path: String, method: String, body: Data) async throws -> Answer {
        let parts = path.split(separator: "/").dropFirst().map(String.init)
        switch (method, parts.first) {
        case ("GET", "calls"):
            let records = await ledger.records
            return try .json(parts.count > 1 ? records.filter { $0.endpoint == parts[1] } : records)
        case ("DELETE", "calls"):
            await ledger.clearRecords()
        case ("GET", "faults"):
            return try .json(await ledger.faults)
        case ("DELETE", "faults"):
            await ledger.clearFaults()
        case ("POST", "faults"):
            do {
                await ledger.add(try JSONDecoder().decode(Fault.self, from: body))
            } catch {
                return .text("no fault: \(error)\n", status: 400)
            }
        case ("POST", "reader"):
            do {
                await reader?.change(to: try JSONDecoder().decode(BasicCredentials.self, from: body))
            } catch {
                return .text("no credentials: \(error)\n", status: 400)
            }
        case ("POST", "version"):
            do {
                let wanted = try JSONDecoder().decode([String: ServerVersion].self, from: body)
                guard let version = wanted["version"] else { return .text("no version\n", status: 400) }
                await api.become(version)
            } catch {
                return .text("no version: \(error)\n", status: 400)
            }
        case ("GET", "state"):
            return try .json(await api.snapshot())
        case ("POST", "companies") where parts.count == 3 && parts[2] == "remove":
            try await api.removeCompany(parts[1])
        case ("POST", "reset"):
            try await api.reset()
            await ledger.clearFaults()
            await ledger.clearRecords()
            await reader?.reset()
        default:
            return .text("unknown: \(method) \(path)\n", status: 404)
        }
        return try .json(["ok": true] as JSON)
    }
}
