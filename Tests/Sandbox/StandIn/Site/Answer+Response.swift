import Foundation
import HTTPTypes
import Hummingbird

extension Answer {
    private var fields: HTTPFields {
        var fields = HTTPFields()
        fields[.contentType] = type
        fields[.server] = "clearml"
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    var response: Response {
        Response(
            status: HTTPResponse.Status(code: status), headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// The first half of the body under the length of the whole, and then nothing more.
    func cut(disconnecting disconnect: @escaping @Sendable () async -> Void) -> Response {
        let half = ByteBuffer(bytes: body.prefix(body.count / 2))
        let sent = ResponseBody(contentLength: body.count) { writer in
            try await writer.write(half)
            await disconnect()
        }
        return Response(status: HTTPResponse.Status(code: status), headers: fields, body: sent)
    }
}
