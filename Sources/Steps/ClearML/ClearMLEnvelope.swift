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
    /// The version of the API that the call was answered in: the one asked for, else the newest that the server has. Nil
    /// where it does not say. (`actual_version` is how old the endpoint is.)
    package let version: String?
    package let data: Value

    /// - Returns: Nil where the body is no such envelope.
    package init?(_ body: Data) {
        guard let value = try? Value(json: body), let meta = value["meta"], let code = meta["result_code"]?.integerValue
        else { return nil }
        self.code = code
        subcode = meta["result_subcode"]?.integerValue ?? 0
        message = meta["result_msg"]?.stringValue ?? ""
        version = meta["endpoint"]?["requested_version"]?.stringValue
        data = value["data"] ?? [:]
    }
}
