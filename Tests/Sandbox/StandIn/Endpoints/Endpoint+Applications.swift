extension Endpoint {
    /// `apps.*`: the applications that `upload_apps.py` brings.
    ///
    /// The stand-in's own invention. How the real script talks to the server is not published; all that is known is that
    /// it takes an administrator's credentials, one archive an application, and may be run again.
    static let applications: [Endpoint] = [
        Endpoint("apps.get_all", .everyUser, [.optional("name")]) { (world, call) throws(APIError) in
            let pattern = try Pattern(call.string("name"))
            return [
                "applications": .array(
                    world.applications.filter { pattern.matches($0.name) }.map {
                        [
                            "id": .string($0.id), "name": .string($0.name), "version": .string($0.version),
                            "uploads": .int($0.uploads),
                        ]
                    })
            ]
        },
        // The same name again replaces what was there.
        Endpoint(
            "apps.upload", .only(Role.administrators), [.required("name"), .required("version"), .required("content")]
        ) { (world, call) throws(APIError) in
            let name = try call.required("name")
            let version = try call.required("version")
            if let index = world.applications.firstIndex(where: { $0.name == name }) {
                world.applications[index].version = version
                world.applications[index].uploads += 1
                return ["id": .string(world.applications[index].id), "created": false]
            }
            let application = World.Application(
                id: World.newID(), name: name, version: version, company: call.identity.company)
            world.applications.append(application)
            return ["id": .string(application.id), "created": true]
        },
    ]
}
