import CCurl
import Foundation
import Glibc
import Synchronization
import Workflow

/// The thread that drives every transfer.
///
/// libcurl's handles may be used by one thread at a time, and its calls block, so they stay away from Swift's own threads:
/// what others want done comes through `inbox`, and `curl_multi_wakeup` (the one call that any thread may make) ends the
/// wait.
///
/// Unchecked, because `multi` is a bare pointer: other threads only wake it, under the lock and never after `stop`, and
/// everything else happens on the loop's own thread.
final class CurlLoop: @unchecked Sendable {
    typealias Completion = @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void

    private enum Command: Sendable {
        case start(HTTPRequest, HTTPSink, CancellationFlag, Completion)
        case cancel(CancellationFlag)
        case stop
    }

    /// Identifies one request, and carries its cancellation to the loop even if that overtakes its start.
    private final class CancellationFlag: Sendable {
        private let flag = Atomic(false)
        var isSet: Bool { flag.load(ordering: .acquiring) }
        func set() { flag.store(true, ordering: .releasing) }
    }

    private let multi: OpaquePointerBox
    private let userAgent: String
    private let inbox = Locked<[Command]>([])

    init(userAgent: String) throws(HTTPFailure) {
        // Counts its calls and is safe to call from several threads since 7.84.
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = curl_multi_init() else {
            throw HTTPFailure(.other, .notSent, request: "HTTP client", message: "libcurl cannot start")
        }
        self.multi = OpaquePointerBox(multi)
        self.userAgent = userAgent
        let thread = Thread { [self] in run() }
        thread.name = "http"
        thread.start()
    }

    /// Ends the thread; nothing may be asked of the loop afterwards.
    func stop() {
        send(.stop)
    }

    func perform(_ request: HTTPRequest, into sink: HTTPSink) async throws(HTTPFailure) -> HTTPResponse {
        let flag = CancellationFlag()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                send(.start(request, sink, flag) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            flag.set()
            send(.cancel(flag))
        }
        return try outcome.get()
    }

    private func send(_ command: Command) {
        inbox.with { inbox in
            inbox.append(command)
            curl_multi_wakeup(multi.pointer)
        }
    }

    // MARK: On the loop's thread

    private func run() {
        // OpenSSL writes to sockets without MSG_NOSIGNAL, and a signal would end the program. It goes to the thread that
        // wrote, so it is enough to block it here.
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, nil)

        var transfers: [ObjectIdentifier: CurlTransfer] = [:]
        while true {
            let commands = inbox.with { inbox in
                defer { inbox = [] }
                return inbox
            }
            for command in commands {
                switch command {
                case .start(let request, let sink, let flag, let completion):
                    if let transfer = start(request, sink, flag, completion) {
                        transfers[ObjectIdentifier(flag)] = transfer
                    }
                case .cancel(let flag):
                    if let transfer = transfers.removeValue(forKey: ObjectIdentifier(flag)) { cancel(transfer) }
                case .stop:
                    transfers.values.forEach(cancel)
                    curl_multi_cleanup(multi.pointer)
                    return
                }
            }
            var running: Int32 = 0
            curl_multi_perform(multi.pointer, &running)
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi.pointer, &left) {
                // The message is gone with the next call, so what it says is taken out first.
                let (easy, code) = (message.pointee.easy_handle, message.pointee.data.result)
                guard let entry = transfers.first(where: { $0.value.easy == easy }) else { continue }
                transfers.removeValue(forKey: entry.key)
                curl_multi_remove_handle(multi.pointer, easy)
                entry.value.finish(code)
            }
            // Returns when a socket is ready, a timeout of libcurl's is due, or it was woken. The bound is no deadline of
            // ours; it only has to be something.
            if commands.isEmpty { curl_multi_poll(multi.pointer, nil, 0, 60_000, nil) }
        }
    }

    private func start(
        _ request: HTTPRequest, _ sink: HTTPSink, _ flag: CancellationFlag, _ completion: @escaping Completion
    ) -> CurlTransfer? {
        do throws(HTTPFailure) {
            if flag.isSet {
                throw HTTPFailure(
                    .cancelled, .notSent, request: request.description, message: "cancelled before it was sent")
            }
            let transfer = try CurlTransfer(request, sink, userAgent: userAgent, completion)
            curl_multi_add_handle(multi.pointer, transfer.easy)
            return transfer
        } catch {
            completion(.failure(error))
            return nil
        }
    }

    private func cancel(_ transfer: CurlTransfer) {
        curl_multi_remove_handle(multi.pointer, transfer.easy)
        transfer.cancel()
    }
}

/// A handle of libcurl's; who may use it is its owner's business.
private struct OpaquePointerBox: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
}
