extension Endpoint {
    /// What monitoring asks, and what agents report.
    static let diagnostics: [Endpoint] = [
        Endpoint("debug.ping", .anyone) { (_, _) throws(APIError) in ["msg": "ClearML server"] },
        // No agent ever reports here: its pod cannot reach this server.
        Endpoint("workers.get_all", .everyUser) { (_, _) throws(APIError) in ["workers": []] },
        Endpoint("server.info", .everyUser) { (_, call) throws(APIError) in
            ["version": .string(call.options.version.rawValue), "build": "0", "commit": "stand-in"]
        },
    ]
}
