import Foundation

extension Endpoint {
    /// `queues.*`: those of the caller's company.
    static let queues: [Endpoint] = [
        Endpoint(
            "queues.create", .everyUser, since: APIVersion(2, 4),
            [
                .required("name"), .optional("display_name"), .optional("tags", .strings),
                .optional("system_tags", .strings), .optional("metadata", .object),
            ]
        ) { (world, call) throws(APIError) in
            let name = try call.required("name").trimmingCharacters(in: .whitespaces)
            guard name.count >= 3 else { throw .data("name", "String value is too short") }
            let company = call.identity.company
            guard !world.queues.contains(where: { $0.company == company && $0.name == name }) else {
                throw .exists("name=\(name), company=\(company)")
            }
            let queue = World.Queue(
                id: World.newID(), company: company, name: name, displayName: call.string("display_name"),
                tags: call.strings("tags") ?? [], systemTags: call.strings("system_tags") ?? [], created: call.now)
            world.queues.append(queue)
            return ["id": .string(queue.id)]
        },
        Endpoint("queues.get_all", .everyUser, since: APIVersion(2, 4), listFields, list),
        Endpoint("queues.get_all_ex", .everyUser, since: APIVersion(2, 4), listFields, list),
        Endpoint("queues.get_by_id", .everyUser, since: APIVersion(2, 4), [.required("queue")]) {
            (world, call) throws(APIError) in
            ["queue": try world.queues[world.queueIndex(call)].shown]
        },
        Endpoint("queues.get_default", .everyUser, since: APIVersion(2, 4)) { (world, call) throws(APIError) in
            let own = world.queues.filter { $0.company == call.identity.company && $0.systemTags.contains("default") }
            guard own.count == 1 else {
                throw own.isEmpty
                    ? APIError(400, 707, "No default queue is found") : APIError(400, 708, "More than one default queue")
            }
            return ["id": .string(own[0].id), "name": .string(own[0].name)]
        },
        Endpoint(
            "queues.delete", .everyUser, since: APIVersion(2, 4), [.required("queue"), .optional("force", .bool)]
        ) { (world, call) throws(APIError) in
            let index = try world.queueIndex(call)
            guard world.queues[index].entries.isEmpty || call.bool("force") == true else {
                throw APIError(
                    400, 702, "Queue is not empty (use force=true to delete): id=\(world.queues[index].id)")
            }
            world.queues.remove(at: index)
            return ["deleted": 1]
        },
        Endpoint(
            "queues.add_task", .everyUser, since: APIVersion(2, 4), [.required("queue"), .required("task")]
        ) { (world, call) throws(APIError) in
            world.queues[try world.queueIndex(call)].entries.append(try call.required("task"))
            return ["added": 1]
        },
    ]

    private static let listFields: [Field] = [
        .optional("id", .strings), .optional("name"), .optional("tags", .strings), .optional("page", .int),
        .optional("page_size", .int), .optional("search_hidden", .bool), .optional("max_task_entries", .int),
    ]

    private static let list: @Sendable (inout World, Call) throws(APIError) -> JSON = { (world, call) throws(APIError) in
        let pattern = try Pattern(call.string("name"))
        let ids = call.strings("id")
        let tags = call.strings("tags") ?? []
        let showsHidden = call.string("name") != nil || ids != nil || call.bool("search_hidden") == true
        let found = world.queues.filter { queue in
            queue.company == call.identity.company && (ids?.contains(queue.id) ?? true) && pattern.matches(queue.name)
                && tags.allSatisfy { queue.tags.contains($0) }
                && (showsHidden || !queue.systemTags.contains("k8s-glue"))
        }
        return ["queues": .array(call.page(of: found).map(\.shown))]
    }
}

extension World {
    fileprivate func queueIndex(_ call: Call) throws(APIError) -> Int {
        let id = try call.required("queue")
        let company = call.identity.company
        guard let index = queues.firstIndex(where: { $0.id == id && $0.company == company }) else {
            throw APIError(400, 701, "Invalid queue id: id=\(id), company=\(company)")
        }
        return index
    }
}

extension World.Queue {
    fileprivate var shown: JSON {
        [
            "id": .string(id), "name": .string(name), "display_name": JSON(displayName), "company": .string(company),
            "created": .string(created.formatted(.iso8601)), "tags": JSON(tags), "system_tags": JSON(systemTags),
            "entries": .array(entries.map { ["task": .string($0)] }),
        ]
    }
}
