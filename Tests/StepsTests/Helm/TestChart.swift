import Foundation
import TestSupport

/// Small charts, written into a test's own folder.
enum TestChart {
    /// A ConfigMap with `colour`, and a Deployment whose pod is ready after `delay` seconds.
    static let web = [
        "Chart.yaml": "{apiVersion: v2, name: web, version: 1.2.3, appVersion: \"9.9\"}\n",
        "values.yaml": "{colour: blue, image: \"test-cluster/busybox:1\", delay: 0, command: \"exec sleep 3600\"}\n",
        "templates/NOTES.txt": "Enjoy {{ .Release.Name }}.\n",
        "templates/all.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{ .Release.Name }}-settings}
        data: {colour: {{ .Values.colour | quote }}, empty: ""}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: {{ .Release.Name }}-secret}
        stringData: {password: {{ .Values.password | default "none" | quote }}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: {{ .Release.Name }}-data}
        spec: {accessModes: [ReadWriteOnce], storageClassName: "", resources: {requests: {storage: 1024Mi}}, volumeName: {{ .Values.volume | default "" | quote }}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{ .Release.Name }}}
        spec:
          replicas: 1
          selector: {matchLabels: {app: {{ .Release.Name }}}}
          template:
            metadata: {labels: {app: {{ .Release.Name }}}}
            spec:
              terminationGracePeriodSeconds: 1
              {{- with .Values.init }}
              initContainers: [{name: prepare, image: "test-cluster/busybox:1", command: [sh, -c, {{ . | quote }}]}]
              {{- end }}
              containers:
              - name: main
                image: {{ .Values.image }}
                command: [sh, -c, {{ .Values.command | quote }}]
                env: [{name: COLOUR, value: {{ .Values.colour | quote }}}, {name: EMPTY, value: ""}]
                ports: [{name: http, containerPort: 8080}]
                resources: {limits: {cpu: "0.01", memory: 64Mi}}
                readinessProbe: {exec: {command: ["true"]}, initialDelaySeconds: {{ .Values.delay }}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{ .Release.Name }}}
        spec: {selector: {app: {{ .Release.Name }}}, ports: [{name: http, port: 80, targetPort: http}]}

        """,
    ]

    /// `web` without its volume claim, which no volume binds on a bare cluster.
    static let webWithoutClaim = web.merging(["templates/all.yaml": withoutClaim]) { $1 }

    private static let withoutClaim: String = {
        let documents = (web["templates/all.yaml"] ?? "").components(separatedBy: "---\n")
        return documents.filter { !$0.contains("PersistentVolumeClaim") }.joined(separator: "---\n")
    }()

    /// A definition in `crds`, a hook, and a StatefulSet with a volume claim template.
    static let leaver = [
        "Chart.yaml": "{apiVersion: v2, name: leaver, version: 0.1.0}\n",
        "crds/toys.yaml": """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: toys.leaver.example.com}
        spec:
          group: leaver.example.com
          scope: Namespaced
          names: {kind: Toy, plural: toys, singular: toy}
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]

        """,
        "templates/all.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: prepared, annotations: {helm.sh/hook: pre-install}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: store}
        spec:
          replicas: 1
          serviceName: store
          selector: {matchLabels: {app: store}}
          template:
            metadata: {labels: {app: store}}
            spec:
              containers: [{name: main, image: "test-cluster/busybox:1", command: [sleep, "3600"]}]
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}

        """,
    ]

    /// Writes a chart below `directory`, and returns its folder.
    static func write(_ files: [String: String], to directory: TemporaryDirectory, _ name: String = "chart") throws
        -> String
    {
        for (path, text) in files {
            let file = directory.file("\(name)/\(path)")
            try FileManager.default.createDirectory(
                at: URL(filePath: file).deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: file))
        }
        return directory.file(name)
    }
}
