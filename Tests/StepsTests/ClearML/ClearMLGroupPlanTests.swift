import Steps
import Testing
import Workflow

struct ClearMLGroupPlanTests {
    func plan(_ values: [String: Value]) throws -> ClearMLGroupPlan { try ClearMLGroupPlan(StepInput(values)) }

    func faults(_ values: [String: Value]) throws -> [String] {
        let error = try #require(#expect(throws: StepError.self) { try plan(values) })
        #expect(error.kind == .permanent)
        return error.message.split(separator: "\n").map(String.init)
    }

    @Test("the guide's groups become the guide's entries, quoted")
    func rendering() throws {
        let plan = try plan([
            "server_features": ["user_management_advanced"], "users_features": [], "admins_features": ["config_vault"],
            "groups": [
                ["name": "my_group_name", "display_name": "My Group Name", "features": ["applications", "pipelines"]]
            ],
        ])
        let id = "0b0ff5f9-1f0a-4f5e-9c3c-2f6a2e0a7a55"
        let entries = plan.environment(ids: ["my_group_name": id])
        #expect(
            entries.map { "\($0["name"]?.stringValue ?? "")=\($0["value"]?.stringValue ?? "")" } == [
                "CLEARML__services__organization__features__user_management_advanced=true",
                #"CLEARML__services__auth__default_groups__admins__features=["config_vault"]"#,
                "CLEARML__services__auth__default_groups__users__features=[]",
                "CLEARML__services__auth__default_groups__my_group_name__id=\"\(id)\"",
                #"CLEARML__services__auth__default_groups__my_group_name__name="My Group Name""#,
                #"CLEARML__services__auth__default_groups__my_group_name__features=["applications","pipelines"]"#,
                "CLEARML__services__auth__default_groups__my_group_name__assignable=false",
                "CLEARML__services__auth__default_groups__my_group_name__system=false",
            ])
    }

    @Test("a built-in group that is left out keeps what the server gives it")
    func leftOut() throws {
        #expect(try plan(["groups": []]).environment(ids: [:]) == [])
    }

    @Test("every fault is told at once, with what to write instead")
    func everyFault() throws {
        let faults = try faults([
            "server_version": "3.21.6-1443", "users_features": ["application"], "server_features": ["show_datasets"],
            "groups": [
                ["name": "Data_Scientists", "features": ["reports"]], ["name": "admins", "features": ["nonsense"]],
                ["name": "a", "features": []], ["name": "a", "features": []], ["name": "a__b", "features": []],
            ],
        ])
        #expect(
            faults == [
                "group 'Data_Scientists': the server lower-cases the names of groups and takes '__' for a separator: write 'data_scientists', and 'Data_Scientists' as its display_name",
                "group 'admins' is built in: set 'admins_features' instead",
                "group 'admins': there is no feature 'nonsense'",
                "group 'a' is there twice",
                "group 'a__b': the server lower-cases the names of groups and takes '__' for a separator: write 'a_b', and 'a__b' as its display_name",
                "'users_features': there is no feature 'application', perhaps applications",
                "'server_features': 'show_datasets' needs an API server of version 3.25 or newer, and this one is 3.21",
            ])
    }

    @Test(
        "features of newer servers are refused only where the server is known to be older",
        arguments: [("3.21.6", false), ("3.25.0", true), ("4.0", true), ("", true)])
    func versions(version: String, allowed: Bool) throws {
        let values: [String: Value] = ["server_version": .string(version), "users_features": ["show_orchestration"]]
        if allowed {
            #expect(try plan(values).builtInFeatures["users"] == ["show_orchestration"])
        } else {
            #expect(try faults(values).count == 1)
        }
    }

    @Test("what is allowed and may surprise is noted: features add up, and some do nothing")
    func notes() throws {
        let groups: Value = [["name": "readers", "features": ["reports"]]]
        #expect(try plan(["groups": groups]).notes.count == 1)
        #expect(try plan(["groups": groups, "users_features": ["applications"]]).notes == [])
        let useless = try plan(["groups": groups, "users_features": ["reports", "queues", "tenant_usages"]]).notes
        #expect(useless.count == 3)
        #expect(useless.contains { $0.contains("'readers' adds nothing") })
        #expect(useless.contains { $0.contains("'queues' has no effect any more") })
        #expect(useless.contains { $0.contains("'tenant_usages' is known from newer servers only") })
    }

    @Test("the features are those of the guide, and three of newer servers")
    func features() {
        let names = ClearMLFeature.all.map(\.name)
        #expect(names == names.sorted() && Set(names).count == names.count)
        #expect(names.count == 25)
    }

    @Test("two groups cannot share an id")
    func sharedID() throws {
        let id: Value = "0b0ff5f9-1f0a-4f5e-9c3c-2f6a2e0a7a55"
        #expect(
            try faults(["groups": [["name": "a", "features": [], "id": id], ["name": "b", "features": [], "id": id]]])
                .count == 1)
    }
}
