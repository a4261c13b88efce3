import Steps
import Testing
import Workflow

struct ManifestDiffTests {
    func object(_ yaml: String) throws -> KubernetesObject {
        let objects = try ManifestReader.objects(in: yaml)
        return try #require(objects.first)
    }

    func diff(_ wanted: String, _ live: String) throws -> ManifestDiff {
        ManifestDiff(wanted: try object(wanted), live: try object(live))
    }

    @Test("defaults, quantities, empty values and fields of others are no difference")
    func sameThing() throws {
        let diff = try diff(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: api, labels: {app: api}, creationTimestamp: null}
            spec:
              strategy: {}
              template:
                spec:
                  securityContext: {}
                  volumes: []
                  containers:
                  - name: main
                    image: api:1
                    args:
                    ports: [{containerPort: 80}, {containerPort: 81, protocol: UDP}]
                    resources: {limits: {cpu: 0.5, memory: 1Gi}, requests: {cpu: "1"}}
                    env: [{name: A, value: ""}, {name: B, value: one}, {name: B, value: two}]
            status: {replicas: 7}
            """,
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: api, namespace: shop, uid: x, labels: {app: api, extra: x}}
            spec:
              replicas: 1
              strategy: {type: RollingUpdate}
              template:
                spec:
                  containers:
                  - {name: injected, image: sidecar}
                  - name: main
                    image: api:1
                    ports: [{containerPort: 81, protocol: UDP}, {containerPort: 80, protocol: TCP}]
                    resources: {limits: {cpu: 500m, memory: 1024Mi}, requests: {cpu: 1000m}}
                    env: [{name: B, value: two}, {name: A}, {name: HAND, value: made}]
            status: {replicas: 1}
            """)
        #expect(diff.certain == [])
        #expect(diff.doubtful == [])
    }

    @Test("each changed field is named with its path and both values")
    func changes() throws {
        let diff = try diff(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: api, annotations: {note: new}}
            spec:
              replicas: 3
              paused: false
              template: {spec: {containers: [{name: main, image: "api:2", command: [a, b], env: [{name: DB_PASSWORD, value: x}]}]}}
            """,
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: api, namespace: shop, annotations: {note: old}}
            spec:
              replicas: 1
              template: {spec: {containers: [{name: main, image: "api:1", command: [a], env: [{name: DB_PASSWORD, value: y}]}]}}
            """)
        let container = "Deployment shop/api spec.template.spec.containers[main]"
        #expect(
            diff.certain == [
                Change("Deployment shop/api metadata.annotations.note", from: "old", to: "new"),
                Change("Deployment shop/api spec.replicas", from: 1, to: 3),
                Change("\(container).command", from: ["a"], to: ["a", "b"]),
                Change("\(container).env[DB_PASSWORD].value", from: "(hidden)", to: "(hidden)"),
                Change("\(container).image", from: "api:1", to: "api:2"),
            ])
        #expect(diff.doubtful == [Change("Deployment shop/api spec.paused", from: nil, to: false)])
    }

    @Test("lists that are replaced whole and selectors allow no additions")
    func atomic() throws {
        let diff = try diff(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: deny}
            spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}
            """,
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: deny, namespace: shop}
            spec:
              podSelector: {matchLabels: {app: api}}
              ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]
            """)
        #expect(
            diff.certain == [
                Change("NetworkPolicy shop/deny spec.podSelector.matchLabels", from: ["app": "api"], to: nil)
            ])
        #expect(diff.doubtful.map(\.path) == ["NetworkPolicy shop/deny spec.ingress[0].ports"])
    }

    @Test("a Secret's texts are compared with its data, and no value of it is shown")
    func secret() throws {
        let wanted = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: one, b: two}}"
        let live =
            "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop}, data: {a: b25l, b: eA==}, type: Opaque}"
        #expect(
            try diff(wanted, live).certain == [
                Change("Secret shop/s data.b", from: "(hidden)", to: "(hidden)")
            ])
    }

    @Test("an object that is not there is one change")
    func missing() throws {
        let wanted = try object("{apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {}}")
        #expect(
            ManifestDiff(wanted: wanted, live: nil).certain == [Change("Service shop/api", from: nil, to: "present")])
    }
}

struct ExactDiffTests {
    @Test("values are compared exactly, named elements by their names, and secrets hidden")
    func values() {
        let old: Value = [
            "a": 1, "env": [["name": "X", "value": "1"], ["name": "TOKEN", "value": "t"]], "gone": true,
        ]
        let new: Value = [
            "a": .number(1), "env": [["name": "TOKEN", "value": "u"], ["name": "X", "value": "2"]], "new": [],
        ]
        #expect(
            ExactDiff.changes(from: old, to: new, subject: "values") == [
                Change("values env[TOKEN].value", from: "(hidden)", to: "(hidden)"),
                Change("values env[X].value", from: "1", to: "2"),
                Change("values gone", from: true, to: nil),
                Change("values new", from: nil, to: []),
            ])
    }

    @Test("another order of named elements is a change, of a list without names an element's")
    func order() {
        let named: Value = [["name": "a"], ["name": "b"]]
        #expect(
            ExactDiff.changes(from: named, to: [["name": "b"], ["name": "a"]], subject: "v") == [
                Change("v", from: ["a", "b"], to: ["b", "a"])
            ])
        #expect(
            ExactDiff.changes(from: ["l": [1, 2]], to: ["l": [1, 3, 4]], subject: "v") == [
                Change("v l[1]", from: 2, to: 3), Change("v l[2]", from: nil, to: 4),
            ])
    }

    @Test(
        "secrets inside whole objects and lists are hidden too",
        arguments: [
            ["clientSecret": "x"] as Value, ["list": [["name": "API_KEY", "value": "x"]]], ["deep": ["password": "x"]],
        ])
    func nested(value: Value) {
        let changes = ExactDiff.changes(from: nil, to: value, subject: "v")
        #expect(changes.count == 1)
        #expect(!"\(changes)".contains("\"x\""))
    }

    @Test(
        "names of secrets are no secrets",
        arguments: [
            ["existingSecret"], ["imagePullSecretName"], ["secretKeyRef"], ["secretName"], ["replicas"],
        ])
    func references(path: [String]) {
        #expect(!Sensitive.hides(path))
    }
}
