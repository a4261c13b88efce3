import Steps
import Testing
import Workflow

struct PodDiagnosisTests {
    func pod(_ status: Value, deleted: Bool = false) -> Value {
        var metadata: [String: Value] = ["name": "api-1", "namespace": "shop"]
        if deleted { metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        return ["kind": "Pod", "metadata": .object(metadata), "status": status]
    }

    func event(_ reason: String, _ message: String, kind: String = "Pod", name: String = "api-1", time: String = "1")
        -> Value
    {
        [
            "reason": .string(reason), "message": .string(message), "type": "Warning", "lastTimestamp": .string(time),
            "involvedObject": ["kind": .string(kind), "name": .string(name), "namespace": "shop"],
        ]
    }

    func texts(_ status: Value, events: [Value] = []) -> [String] {
        PodDiagnosis(events: events).findings(ofPod: pod(status)).map(\.description)
    }

    @Test("a pod without a node tells what the scheduler said")
    func unscheduled() {
        let status: Value = [
            "phase": "Pending",
            "conditions": [
                [
                    "type": "PodScheduled", "status": "False",
                    "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
                ]
            ],
        ]
        #expect(texts(status) == ["pod shop/api-1: Pending: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu."])
    }

    @Test("an image that does not come is told with the pull's own error, not the back-off")
    func image() {
        let status: Value = [
            "phase": "Pending",
            "containerStatuses": [
                [
                    "name": "main", "image": "shop/api:9", "ready": false,
                    "state": ["waiting": ["reason": "ImagePullBackOff", "message": "Back-off pulling image"]],
                ]
            ],
        ]
        let events = [
            event("Failed", "Error: ImagePullBackOff", time: "3"),
            event("Failed", "Failed to pull image \"shop/api:9\": not found", time: "2"),
        ]
        #expect(
            texts(status, events: events) == [
                "pod shop/api-1: container 'main' cannot get its image 'shop/api:9' (ImagePullBackOff): Failed to pull image \"shop/api:9\": not found"
            ])
    }

    @Test("the first init container that is not done is the one to look at, and its log tells more")
    func initContainer() {
        let status: Value = [
            "phase": "Pending",
            "initContainerStatuses": [
                ["name": "first", "ready": true, "state": ["terminated": ["exitCode": 0]]],
                ["name": "wait-for-es", "ready": false, "state": ["running": [:]]],
                ["name": "last", "ready": false, "state": ["waiting": ["reason": "PodInitializing"]]],
            ],
            "containerStatuses": [
                ["name": "main", "ready": false, "state": ["waiting": ["reason": "PodInitializing"]]]
            ],
        ]
        let findings = PodDiagnosis(events: []).findings(ofPod: pod(status))
        #expect(
            findings.map(\.description) == [
                "pod shop/api-1: init container 'wait-for-es' (Init:1/3) is still running"
            ])
        #expect(findings.first?.logs?.container == "wait-for-es")
    }

    @Test("a crash tells the exit status and asks for the log of the time before")
    func crash() {
        let status: Value = [
            "phase": "Running",
            "containerStatuses": [
                [
                    "name": "main", "ready": false, "restartCount": 4,
                    "state": ["waiting": ["reason": "CrashLoopBackOff"]],
                    "lastState": ["terminated": ["exitCode": 137, "reason": "OOMKilled"]],
                ]
            ],
        ]
        let findings = PodDiagnosis(events: []).findings(ofPod: pod(status))
        #expect(
            findings.map(\.text) == [
                "container 'main' ends again and again (CrashLoopBackOff, 4 restarts, OOMKilled, exit status 137)"
            ])
        #expect(findings.first?.logs?.previous == true)
    }

    @Test("a container that runs between two crashes tells how it ended the last time")
    func betweenCrashes() {
        let status: Value = [
            "phase": "Running",
            "containerStatuses": [
                [
                    "name": "main", "ready": false, "restartCount": 2, "state": ["running": [:]],
                    "lastState": ["terminated": ["exitCode": 3, "reason": "Error"]],
                ]
            ],
        ]
        let findings = PodDiagnosis(events: []).findings(ofPod: pod(status))
        #expect(
            findings.map(\.text) == [
                "container 'main' runs and is not ready, 2 restarts, the last time with exit status 3"
            ])
        #expect(findings.first?.logs?.previous == true)
    }

    @Test("a probe that fails tells what it said last")
    func probe() {
        let status: Value = [
            "phase": "Running",
            "containerStatuses": [["name": "main", "ready": false, "state": ["running": [:]]]],
        ]
        let events = [
            event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", time: "2"),
            event("Unhealthy", "Readiness probe failed: connection refused", time: "1"),
            event("Unhealthy", "of another pod", name: "api-2", time: "9"),
        ]
        #expect(
            texts(status, events: events) == [
                "pod shop/api-1: container 'main' runs and is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503"
            ])
    }

    @Test("ready pods, finished pods and finished containers are no finding")
    func ready() {
        #expect(texts(["phase": "Succeeded"]) == [])
        #expect(
            texts([
                "phase": "Running",
                "containerStatuses": [
                    ["name": "main", "ready": true, "state": ["running": [:]]],
                    ["name": "once", "ready": false, "state": ["terminated": ["exitCode": 0]]],
                ],
            ]) == [])
    }

    @Test("volumes that cannot be mounted show while containers wait to be created")
    func creating() {
        let status: Value = [
            "phase": "Pending",
            "containerStatuses": [
                ["name": "main", "ready": false, "state": ["waiting": ["reason": "ContainerCreating"]]]
            ],
        ]
        #expect(
            texts(status, events: [event("FailedMount", "secret \"tls\" not found")]) == [
                "pod shop/api-1: container 'main' is being created (ContainerCreating): secret \"tls\" not found"
            ])
    }

    @Test("an unbound volume claim, a workload without pods, a pod on its way out")
    func others() {
        let diagnosis = PodDiagnosis(events: [
            event("ProvisioningFailed", "storageclass \"fast\" not found", kind: "PersistentVolumeClaim", name: "data"),
            event("FailedCreate", "exceeded quota", kind: "StatefulSet", name: "db"),
        ])
        let metadata: Value = ["name": "data", "namespace": "shop"]
        #expect(diagnosis.finding(ofClaim: ["metadata": metadata, "status": ["phase": "Bound"]]) == nil)
        #expect(
            diagnosis.finding(ofClaim: ["metadata": metadata, "status": ["phase": "Pending"]])?.description
                == "volume claim shop/data: is Pending: storageclass \"fast\" not found")
        #expect(
            diagnosis.finding(ofWorkload: ["kind": "StatefulSet", "metadata": ["name": "db", "namespace": "shop"]])?
                .description
                == "statefulset shop/db: cannot create its pods: exceeded quota")
        #expect(
            diagnosis.findings(ofPod: pod(["phase": "Running"], deleted: true)).map(\.text) == [
                "is being deleted and has not stopped yet"
            ])
    }
}
