import Hummingbird
import NIOCore

/// A request's surroundings, with a way to drop the connection it came on.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Ends the connection at once; whatever is written afterwards goes nowhere.
    let disconnect: @Sendable () async -> Void

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        let channel = source.channel
        disconnect = {
            // Closed already is as good.
            try? await channel.close(mode: .all)
        }
    }
}
