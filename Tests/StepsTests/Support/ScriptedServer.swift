import Foundation
import Glibc
import Workflow

/// A server on a loopback port that does exactly what a test says, faults included: each connection is handed to `script`
/// on a thread of its own.
final class ScriptedServer: Sendable {
    struct Failure: Error { let call: String }

    let port: UInt16
    private let listener: Int32
    private let state = Locked(State())

    private struct State {
        var connections = 0
        var requests: [Request] = []
    }

    struct Request: Sendable, Hashable {
        let line: String
        let headers: [String: String]
        let body: String
    }

    init(_ script: @escaping @Sendable (Connection) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { [listener] address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(call: "bind") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self, listener] in
            // Closed here alone, after the last `accept`: a number that is free too early becomes the listener of another
            // server, whose connections would be taken from it.
            defer { close(listener) }
            while true {
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { return }
                guard let number = self?.opened() else {
                    close(peer)
                    continue
                }
                let connection = Connection(peer, number: number) { [weak self] in self?.received($0) }
                Thread.detachNewThread {
                    script(connection)
                    connection.close()
                }
            }
        }
    }

    deinit {
        // Ends `accept`, now or as soon as it is called.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var url: String { "http://127.0.0.1:\(port)" }
    /// Everything received so far, on all connections.
    var requests: [Request] { state.with { $0.requests } }
    var connections: Int { state.with { $0.connections } }

    private func opened() -> Int {
        state.with {
            $0.connections += 1
            return $0.connections
        }
    }

    private func received(_ request: Request) {
        state.with { $0.requests.append(request) }
    }

    /// A server that answers every request of every connection the same way.
    static func answering(
        _ status: String = "200 OK", headers: [String] = [], body: String = "",
        onRequest: @escaping @Sendable () -> Void = {}
    ) throws -> ScriptedServer {
        try ScriptedServer { connection in
            while connection.receive() != nil {
                onRequest()
                connection.reply(status, headers: headers, body: body)
            }
        }
    }

    /// One accepted connection; used by its script's thread.
    final class Connection: Sendable {
        /// 1-based, over all connections of the server.
        let number: Int
        private let socket: Int32
        private let onRequest: @Sendable (Request) -> Void

        init(_ socket: Int32, number: Int, _ onRequest: @escaping @Sendable (Request) -> Void) {
            self.socket = socket
            self.number = number
            self.onRequest = onRequest
        }

        /// The next request with its body; nil when the client has closed.
        func receive() -> Request? {
            var bytes: [UInt8] = []
            func more() -> Bool {
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = recv(socket, &buffer, buffer.count, 0)
                guard count > 0 else { return false }
                bytes += buffer[..<count]
                return true
            }
            var end: Range<Array<UInt8>.Index>?
            while end == nil {
                end = bytes.firstRange(of: Array("\r\n\r\n".utf8))
                if end == nil, !more() { return nil }
            }
            guard let end else { return nil }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
            }
            let length = Int(headers["content-length"] ?? "") ?? 0
            while bytes.count < end.upperBound + length, more() {}
            let request = Request(
                line: lines[0], headers: headers, body: String(decoding: bytes[end.upperBound...], as: UTF8.self))
            onRequest(request)
            return request
        }

        func send(_ text: String) { send(bytes: Array(text.utf8)) }

        func send(bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }

        func reply(_ status: String = "200 OK", headers: [String] = [], body: String = "") {
            let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
            send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }

        /// Returns when the client has closed its side.
        func waitForClose() {
            var byte: UInt8 = 0
            while recv(socket, &byte, 1, 0) > 0 {}
        }

        /// Makes the coming close a reset instead of an orderly end.
        func reset() {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }

        /// Shut down as well: a program that another test has started meanwhile may have inherited the socket.
        func close() {
            _ = shutdown(socket, Int32(SHUT_RDWR))
            _ = Glibc.close(socket)
        }
    }
}
