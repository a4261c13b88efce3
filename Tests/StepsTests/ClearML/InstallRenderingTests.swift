import Foundation
import Steps
import Testing
import Workflow

/// What the install workflow hands to its steps, worked out without a cluster.
struct InstallRenderingTests {
    let definition: WorkflowDefinition

    init() throws {
        definition = try InstallWorkflowTests.load().definition
    }

    static let secrets: [String: Value] = [
        "dockerhub_token": "docker-token", "helm_repo_token": "helm-token", "billing_token": "billing-token",
        "apps_url": "https://download.example.com/apps.zip?token=x",
    ]

    static let release: Value = ["fullname": "clearml-clearml-enterprise", "chart_version": "10.6.2"]

    /// The parameters of a step, as the engine hands them to its kind.
    func parameters(
        of id: String, inputs: [String: Value] = [:], secrets: [String: Value] = InstallRenderingTests.secrets,
        steps: [String: Value] = [:]
    ) async throws -> [String: Value] {
        let step = try #require(definition.steps.first { $0.id == id })
        let given = [
            "base_domain": "example.com", "chart_versions": ["server": "10.6.2"], "billing": ["chart": "/b.tgz"],
        ]
        .merging(inputs) { $1 }
        let names: [String: Value] = [
            "inputs": .object(try definition.resolveInputs(given: given)),
            "secrets": .object(
                Dictionary(uniqueKeysWithValues: definition.secrets.map { ($0.name, secrets[$0.name] ?? .null) })),
            "run": ["id": "r1", "workflow": "install", "data_dir": "/data"],
        ]
        var known: [String: Value] = [
            "preflight": ["api_url": "https://api.example.com", "chart_prefix": "", "context": "c1"],
            "server": Self.release,
            "billing": ["fullname": "clearml-billing"], "supervisor": ["key": "SUPKEY", "secret": "1234"],
            "redis_password": ["name": "redis-shared-auth"], "kafka_password": ["password": "0777"],
            "groups": ["env": []], "clearml_repository": ["url": "https://charts"], "clearml_registry": .null,
        ]
        known.merge(steps) { $1 }
        let scope = Scope(names: names, steps: known)
        var values: [String: Value] = [:]
        for (name, template) in step.with { values[name] = try template.evaluate(in: scope) }
        let kind = try #require(try InstallWorkflowTests.catalog()[step.uses])
        return try kind.parameters.resolve(values)
    }

    /// The environment that the API server gets.
    func environment(inputs: [String: Value] = [:], secrets: [String: Value] = [:]) async throws -> [String: String] {
        let all = Self.secrets.merging(secrets) { $1 }
        let groups = StepInput(try await parameters(of: "groups", inputs: inputs))
        let plan = try ClearMLGroupPlan(groups)
        let context = StepContext(run: "r", step: "s", attempt: 1, dataDirectory: "/data") { _, _ in }
        let billing = try await ClearMLSettings().apply(
            StepInput(try await parameters(of: "billing_settings", inputs: inputs, secrets: all)), prior: nil, context)
        let billed =
            inputs["billing"]?["enabled"] == false ? Value.null : ["env": .string(billing.secrets["env"] ?? "")]
        let settings = try await ClearMLSettings().apply(
            StepInput(
                try await parameters(
                    of: "settings", inputs: inputs, secrets: all,
                    steps: ["groups": ["env": .array(plan.environment(ids: [:]))], "billing_settings": billed])),
            prior: nil, context)
        let values = try await parameters(
            of: "server", inputs: inputs, secrets: all,
            steps: ["settings": ["env": .string(settings.secrets["env"] ?? "")]])
        let entries = values["values"]?["apiserver"]?["extraEnvs"]?.arrayValue ?? []
        return Dictionary(
            uniqueKeysWithValues: entries.map { ($0["name"]?.stringValue ?? "", $0["value"]?.stringValue ?? "") })
    }

    @Test("the API server gets the guide's settings, every text quoted, and what is not asked for is not there")
    func guide() async throws {
        let admins =
            #"["config_vault","show_projects","resource_dashboard","user_management","user_management_advanced","app_management","sso_management","service_users","resource_policy","queue_management"]"#
        #expect(
            try await environment() == [
                "CLEARML__billing__enabled": "true",
                "CLEARML__hosts__kafka__billing__host": #"["clearml-billing-kafka.clearml-billing:9092"]"#,
                "CLEARML__hosts__redis__billing__host": #""clearml-billing-redis-master.clearml-billing""#,
                "CLEARML__hosts__redis__billing__db": "2",
                "CLEARML__secure__kafka__billing__security_protocol": #""SASL_PLAINTEXT""#,
                "CLEARML__secure__kafka__billing__sasl_mechanism": #""SCRAM-SHA-512""#,
                "CLEARML__secure__kafka__billing__sasl_plain_username": #""billing""#,
                "CLEARML__secure__kafka__billing__sasl_plain_password": #""0777""#,
                "CLEARML__services__organization__features__user_management_advanced": "true",
                "CLEARML__services__auth__ui_features_per_role__user__show_datasets": "false",
                "CLEARML__services__auth__ui_features_per_role__user__show_orchestration": "false",
                "CLEARML__services__applications__max_running_apps_per_company": "3",
                "CLEARML__services__auth__default_groups__users__features": #"["applications"]"#,
                "CLEARML__services__auth__default_groups__admins__features": admins,
                "CLEARML__services__workers__resource_usages__supervisor_company":
                    #""d1bd92a3b039400cbafc60a7a5b1e52b""#,
                "CLEARML__secure__credentials__supervisor__role": #""system""#,
                "CLEARML__secure__credentials__supervisor__allow_login": "true",
                "CLEARML__secure__credentials__supervisor__user_key": #""SUPKEY""#,
                "CLEARML__secure__credentials__supervisor__user_secret": #""1234""#,
                "CLEARML__secure__credentials__supervisor__sec_groups": #"["users","admins","queue_admins"]"#,
                "CLEARML__apiserver__company__unique_names": "true",
            ])
    }

    @Test(
        "what is asked for is there: another e-mail, login, more settings; billing can be left out")
    func choices() async throws {
        let env = try await environment(
            inputs: [
                "billing": ["enabled": false], "supervisor_email": "email@example.com",
                "sso": ["client_id": "id#1", "base_url": "https://x.auth0.com"],
                "settings": ["apiserver.company.unique_names": false, "services.x.y": [1]],
                "extra_env": [["name": "CLEARML__secure__z", "value": "plain"]],
            ], secrets: ["sso_client_secret": "a@b"])
        #expect(env["CLEARML__secure__credentials__supervisor__email"] == #""email@example.com""#)
        #expect(env["CLEARML__secure__login__sso__oauth_client__auth0__client_id"] == #""id#1""#)
        #expect(env["CLEARML__secure__login__sso__oauth_client__auth0__client_secret"] == #""a@b""#)
        #expect(env["CLEARML__services__login__sso__oauth_client__auth0__base_url"] == #""https://x.auth0.com""#)
        #expect(env["CLEARML__services__login__sso__oauth_client__auth0__audience"] == nil)
        #expect(env["CLEARML__apiserver__company__unique_names"] == "false")
        #expect(env["CLEARML__services__x__y"] == "[1]")
        #expect(env["CLEARML__secure__z"] == "plain")
        #expect(!env.keys.contains { $0.contains("billing") })
    }

    @Test("ClearML's charts come from the repository by name, or from the registry by address")
    func chartSource() async throws {
        let settings: [String: Value] = ["settings": ["env": "[]"]]
        let plain = try await parameters(of: "server", steps: settings)
        #expect(plain["chart"] == "clearml-enterprise")
        #expect(
            plain["repository"] == [
                "url": "https://raw.githubusercontent.com/allegroai/clearml-enterprise-helm-charts/gh-pages",
                "username": "helm-token", "password": "helm-token",
            ])
        let oci = try await parameters(
            of: "server", inputs: ["chart_source": "oci"], secrets: ["dockerhub_token": "docker-token"],
            steps: settings.merging(["preflight": ["chart_prefix": "oci://docker.io/clearml/", "context": .null]]) {
                $1
            })
        #expect(oci["chart"] == "oci://docker.io/clearml/clearml-enterprise")
        #expect(
            oci["registry"] == [
                "host": "docker.io", "username": "allegroaienterprise", "password": "docker-token",
                "plain_http": false,
            ])
        #expect(plain["version"] == "10.6.2")
        let preflight = try #require(definition.steps.first { $0.id == "preflight" })
        for (source, prefix) in [("oci", "oci://docker.io/clearml/"), ("repository", "")] {
            let inputs = try definition.resolveInputs(given: [
                "base_domain": "example.com", "chart_versions": ["server": "1"], "billing": [:],
                "chart_source": .string(source),
            ])
            let scope = Scope(names: ["inputs": .object(inputs)])
            #expect(try preflight.outputs["chart_prefix"]?.evaluate(in: scope) == .string(prefix))
            #expect(try preflight.outputs["api_url"]?.evaluate(in: scope) == "https://api.example.com")
        }
    }

    @Test("names, passwords and classes reach the charts they are for, and no others")
    func values() async throws {
        let server = try await parameters(
            of: "server", inputs: ["file_subdomain": "files", "ingress": ["class": "nginx", "tls_secret": "tls"]],
            steps: ["settings": ["env": "[]"]])["values"]
        #expect(
            server?["fileserver"]?["ingress"] == [
                "enabled": true, "hostName": "files.example.com", "ingressClassName": "nginx", "tlsSecretName": "tls",
                "annotations": [:],
            ])
        #expect(server?["imageCredentials"]?["password"] == "docker-token")
        let billing = try await parameters(of: "billing")
        #expect(billing["chart"] == "/b.tgz")
        #expect(billing["values"]?["imageCredentials"]?["username"] == "dockerhubcustpocbillingaccess")
        #expect(billing["values"]?["imageCredentials"]?["password"] == "billing-token")
        let redis = try await parameters(of: "redis", steps: ["bitnami_repository": ["url": "https://b"]])["values"]
        #expect(redis?["image"] == ["repository": "bitnamilegacy/redis"])
        #expect(redis?["auth"]?["existingSecret"] == "redis-shared-auth")
        #expect(redis?["auth"]?["password"] == nil)
    }

    @Test("each input of more values goes over the workflow's own")
    func overrides() async throws {
        let gpu = try await parameters(
            of: "gpu_operator",
            inputs: ["values": ["gpu_operator": ["driver": ["enabled": false], "toolkit": ["x": 1]]]],
            steps: ["nvidia_repository": ["url": "https://n"]])["values"]
        #expect(
            gpu == [
                "migManager": ["enabled": false], "mig": ["strategy": "mixed"], "driver": ["enabled": false],
                "toolkit": ["x": 1],
            ])
    }

    @Test(
        "policies name the objects of this install",
        arguments: [
            "server_policies", "peer_policies", "billing_policies", "redis_policies",
        ])
    func policies(step: String) async throws {
        let manifests = try await parameters(
            of: step, inputs: ["ingress": ["namespace": "edge", "peers": [["ipBlock": ["cidr": "192.0.2.0/24"]]]]])[
                "manifests"]
        let policies = try KubernetesObject.all(in: [try #require(manifests)])
        for policy in policies {
            #expect(policy.kind == "NetworkPolicy")
            #expect(policy.reference.namespace?.isEmpty == false)
            #expect(policy.content["spec"]?["policyTypes"] == ["Ingress"])
            // An empty `from`, or none, would let everybody in.
            for rule in policy.content["spec"]?["ingress"]?.arrayValue ?? [] {
                #expect(rule["from"]?.arrayValue?.isEmpty == false)
            }
        }
        guard step == "server_policies" else { return }
        #expect(policies.map(\.reference.name) == ["deny-other-namespaces", "allow-ingress-controller-to-server"])
        #expect(
            policies.last?.content["spec"]?["podSelector"]?["matchLabels"] == [
                "app.kubernetes.io/name": "clearml-clearml-enterprise"
            ])
        #expect(
            policies.last?.content["spec"]?["ingress"]?[0]?["from"] == [
                ["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "edge"]]]
            ])
    }

    @Test("what is bound is kept where the generated values are, so that one place tells what is in force")
    func bound() async throws {
        let mine: [String: Value] = ["supervisor_key": "MINE", "supervisor_secret": "m\"ine", "kafka_password": "k"]
        for secrets in [Self.secrets, Self.secrets.merging(mine) { $1 }] {
            let supervisor = try await parameters(of: "supervisor", secrets: secrets)
            #expect(supervisor["data"]?["key"] == secrets["supervisor_key"] ?? .null)
            #expect(supervisor["data"]?["secret"] == secrets["supervisor_secret"] ?? .null)
            #expect(supervisor["generate"]?.objectValue?.keys.sorted() == ["key", "secret"])
            let kafka = try await parameters(of: "kafka_password", secrets: secrets)
            #expect(kafka["data"]?["password"] == secrets["kafka_password"] ?? .null)
            #expect(kafka["generate"]?.objectValue?.keys.sorted() == ["password"])
        }
    }

    @Test("what is needed in some cases only is asked for in these")
    func conditions() async throws {
        func missing(_ inputs: [String: Value], _ secrets: [String: Value]) async throws -> [String] {
            let given = try await parameters(of: "preflight", inputs: inputs, secrets: secrets)
            return (given["conditions"]?.objectValue ?? [:]).filter { $0.value != true }.keys.sorted()
        }
        #expect(try await missing([:], Self.secrets) == [])
        #expect(
            try await missing(["billing": [:]], ["dockerhub_token": "d", "supervisor_key": "k"]) == [
                "supervisor_secret beside supervisor_key, or neither",
                "the input billing.chart, as billing is enabled", "the secret apps_url, as applications are enabled",
                "the secret billing_token, as billing is enabled",
                "the secret helm_repo_token, as chart_source is repository",
            ])
        let without: [String: Value] = [
            "billing": ["enabled": false], "applications": ["enabled": false], "chart_source": "oci",
        ]
        #expect(try await missing(without, ["dockerhub_token": "d"]) == [])
        let lean = try await parameters(of: "preflight", inputs: without)
        #expect(lean["files"] == [.null])
        #expect(lean["programs"] == [.null, .null])
    }

    @Test("names that must resolve are those of the domain, unless others are asked for")
    func hosts() async throws {
        let asked = try await parameters(of: "preflight")
        #expect(asked["hosts"] == ["api.example.com", "app.example.com", "file.example.com"])
        #expect(try await parameters(of: "preflight", inputs: ["required_hosts": []])["hosts"] == [])
    }
}
