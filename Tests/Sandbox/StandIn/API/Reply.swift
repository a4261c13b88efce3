/// What goes back for a call: the envelope that every answer of the API comes in.
struct Reply: Sendable {
    let code: Int
    let body: JSON

    /// - Parameters:
    ///   - endpoint: Its name; "" where the path named none.
    ///   - requested: The version in the path; nil where it named none.
    init(_ result: Result<JSON, APIError>, endpoint: String, requested: APIVersion?, actual: APIVersion?) {
        let id = World.newID()
        let failure: APIError? = if case .failure(let error) = result { error } else { nil }
        let data: JSON = if case .success(let data) = result { data } else { [:] }
        code = failure?.code ?? 200
        body = [
            "meta": [
                "id": .string(id), "trx": .string(id),
                "endpoint": [
                    "name": .string(endpoint), "requested_version": JSON(requested?.description),
                    "actual_version": JSON(actual?.description),
                ],
                "result_code": .int(code), "result_subcode": .int(failure?.subcode ?? 0),
                "result_msg": .string(failure?.message ?? "OK"), "error_stack": nil, "error_data": [:],
            ],
            "data": data,
        ]
    }
}
