package import Foundation
package import Workflow

/// What every reply of a ClearML API server is wrapped in.
///
/// The HTTP status always equals `meta.result_code`. A body without that is no reply of a ClearML API server but of
/// something in front of it.
package struct ClearMLEnvelope: Hashable, Sendable {
    /// 200, or an HTTP error status.
    package let code: Int
    /// Tells errors of one code apart; 0 where there is nothing to tell.
    package let subcode: Int
    package let message: String
    /// The server's own version of the endpoint, such as `2.4`; nil where it does not say.
    package let version: String?
    /// The API version that the call was answered for: where it named none, the newest that the server has.
    package let requested: String?
    package let data: Value

    /// - Returns: Nil where the body is no such envelope.
    package init?(_ body: Data) {
        guard let value = try? Value(json: body), let meta = value["meta"], let code = meta["result_code"]?.integerValue
        else { return nil }
        self.code = code
        subcode = meta["result_subcode"]?.integerValue ?? 0
        message = meta["result_msg"]?.stringValue ?? ""
        version = meta["endpoint"]?["actual_version"]?.stringValue
        requested = meta["endpoint"]?["requested_version"]?.stringValue
        data = value["data"] ?? [:]
    }
}
