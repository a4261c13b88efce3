import Workflow

/// What no two tenants may have: found out from the file, before the server refuses the second of them half-way.
///
/// Inputs are known by the names that the shipped workflow gives them; one that has others is not looked at.
struct FleetClaims {
    private var owners: [Claim: String] = [:]

    private struct Claim: Hashable {
        var what: String
        var value: String
    }

    /// Enters a tenant.
    ///
    /// - Returns: What another tenant has already: the thing, its value and whose it is.
    mutating func enter(_ tenant: WantedTenant) -> [(what: String, value: String, owner: String)] {
        var taken: [(what: String, value: String, owner: String)] = []
        for claim in Self.claims(of: tenant) {
            if let owner = owners[claim] {
                if owner != tenant.name { taken.append((claim.what, claim.value, owner)) }
            } else {
                owners[claim] = tenant.name
            }
        }
        return taken
    }

    private static func claims(of tenant: WantedTenant) -> [Claim] {
        let inputs = tenant.inputs
        func text(_ name: String) -> String? { inputs[name]?.stringValue }
        // Left out, both are called as the tenant.
        var claims = [
            Claim(what: "namespace", value: text("namespace") ?? tenant.name),
            Claim(what: "company", value: text("company_name") ?? tenant.name),
        ]
        if let id = text("company_id") { claims.append(Claim(what: "company id", value: id)) }
        // Names of hosts and e-mail addresses are the same in capitals.
        if let email = inputs["admin"]?["email"]?.stringValue {
            claims.append(Claim(what: "administrator's e-mail", value: email.lowercased()))
        }
        if let host = text("gateway_host") { claims.append(Claim(what: "gateway host", value: host.lowercased())) }
        for domain in inputs["email_domains"]?.arrayValue ?? [] {
            guard let domain = domain.stringValue else { continue }
            claims.append(Claim(what: "e-mail domain", value: domain.lowercased()))
        }
        return claims
    }
}
