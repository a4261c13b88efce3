import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOCore

/// Serves, on a loopback address, what an install of ClearML meets outside the cluster.
@main
struct StandIn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A server that behaves like ClearML's API, a Helm repository and a download site.",
        discussion: """
            Ends on SIGTERM. Steered under /_sandbox/ (calls, faults, reader, state, version, companies/ID/remove, reset).
            """)

    @Option(help: "Port on 127.0.0.1; 0 picks a free one.")
    var port = 0

    @Option(help: "Gets the address, 127.0.0.1:PORT, once it listens.", transform: URL.init(fileURLWithPath:))
    var addressFile: URL?

    @Option(
        help: "JSON of the users of the server's configuration: {\"NAME\": {\"key\": …, \"secret\": …, \"role\": …}}.",
        transform: URL.init(fileURLWithPath:))
    var credentialsFile: URL?

    @Option(help: "Keeps the server's memory, so that a restart finds it again.", transform: URL.init(fileURLWithPath:))
    var state: URL?

    @Option(help: "Which release to be: 3.21 has no tenants.*, 3.30 has.")
    var serverVersion = ServerVersion.release321

    @Flag(inversion: .prefixedNo, help: "Whether the role system may act for users of other companies.")
    var systemCrossesCompanies = true

    @Flag(inversion: .prefixedNo, help: "Whether a company's name may be used once only.")
    var uniqueCompanyNames = true

    @Option(help: "Most credentials a user may have; any number unless given.")
    var maxCredentials: Int?

    @Option(help: "What becomes of a company's setting that is set to null: taken away, ignored, or refused.")
    var nullSettings = ServerOptions.NullSettings.taken

    @Option(help: "How many calls of the API are answered 503 before it is up.")
    var slowStart = 0

    @Option(
        help: "A folder of packaged charts and their index.yaml, served under /charts/.",
        transform: URL.init(fileURLWithPath:))
    var charts: URL?

    @Option(
        help: "JSON of who may read the charts: {\"user\": …, \"password\": …}. Everybody unless given.",
        transform: URL.init(fileURLWithPath:))
    var chartsCredentialsFile: URL?

    @Option(help: "A folder served under /downloads/.", transform: URL.init(fileURLWithPath:))
    var downloads: URL?

    func run() async throws {
        let now: @Sendable () -> Date = { Date() }
        let options = ServerOptions(
            version: serverVersion, systemCrossesCompanies: systemCrossesCompanies,
            uniqueCompanyNames: uniqueCompanyNames, maxCredentials: maxCredentials, nullSettings: nullSettings)
        let configured = try credentialsFile.map { try decode([String: ConfiguredUser].self, from: $0) } ?? [:]
        let reader = try chartsCredentialsFile.map { try decode(BasicCredentials.self, from: $0) }
        let api = try ClearML(options: options, storage: Storage(file: state), configured: configured, now: now)
        let site = Site(
            api: api, charts: charts.map { Folder(root: $0, reader: reader.map(Reader.init)) },
            downloads: downloads.map { Folder(root: $0, reader: nil) }, ledger: Ledger(now: now),
            start: SlowStart(calls: slowStart))
        let logger = quietLogger()
        let addressFile = addressFile
        let application = Application(
            responder: site,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                let address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
                print("listening on \(address)")
                do {
                    if let addressFile { try Data(address.utf8).write(to: addressFile, options: .atomic) }
                } catch {
                    logger.critical("the address cannot be written: \(error)")
                }
            },
            logger: logger)
        try await application.runService()
    }

    private func quietLogger() -> Logger {
        var logger = Logger(label: "stand-in")
        logger.logLevel = .warning
        return logger
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from file: URL) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(contentsOf: file))
        } catch {
            throw ValidationError("\(file.path): \(error)")
        }
    }
}

extension ServerOptions.NullSettings: ExpressibleByArgument {}
