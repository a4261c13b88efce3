{{/*
The operator: makes the node daemons that the policy asks for, as the policy's own objects (so they go with it),
labels the nodes, and reports in the policy's status once all is ready. Every node counts as one with GPUs, unless its
name begins with "cpu". The labels stay after an uninstall, as with the real operator. A node without a daemon's label
`nvidia.com/gpu.deploy.NAME: "true"` has no such daemon. The device plugin uses the GPUs; what they remember is the
node's, below /tmp/node_disk.
*/}}
{{- define "gpu-operator.script" -}}
trap 'exit 0' TERM INT
mkdir -p /tmp/www; echo ok >/tmp/www/readyz
httpd -p 8081 -h /tmp/www
policy() { kubectl get clusterpolicy cluster-policy -o "jsonpath=$1"; }
daemonset() { # daemonset NAME IMAGE COMPONENT [COMMAND]: a COMMAND runs with the node's GPUs
    local command='trap "exit 0" TERM INT; mkdir -p /tmp/www; echo ok >/tmp/www/ready; httpd -f -p 8080 -h /tmp/www & wait $!'
    cat <<YAML
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: $1
  namespace: {{ .Release.Namespace }}
  labels: {app: $1, app.kubernetes.io/managed-by: gpu-operator}
  ownerReferences:
    - {apiVersion: nvidia.com/v1, kind: ClusterPolicy, name: cluster-policy, uid: $uid, controller: true}
spec:
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {nvidia.com/gpu.deploy.$3: "true"}
      tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
      containers:
        - name: $1
          image: $2
          command: [sh, -c, '${4:-$command}']
          env: [{name: MIG_STRATEGY, value: "$strategy"}]
          readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
          resources: {requests: {cpu: 5m, memory: 8Mi}}
YAML
    [ $# -gt 3 ] || return 0
    cat <<YAML
          securityContext: {privileged: true}
          volumeMounts:
            - {name: gpus, mountPath: /var/lib/nvidia-smi}
            - {name: boot, mountPath: /run/boot_id}
      volumes:
        - {name: gpus, hostPath: {path: /tmp/node_disk/nvidia-smi, type: DirectoryOrCreate}}
        - {name: boot, hostPath: {path: /proc/sys/kernel/random/boot_id, type: File}}
YAML
}
driver='trap "exit 0" TERM INT; mkdir -p /tmp/www; nvidia-smi -L >/tmp/www/ready; httpd -f -p 8080 -h /tmp/www & wait $!'
while :; do
    uid=$(policy '{.metadata.uid}') && generation=$(policy '{.metadata.generation}') && strategy=$(policy '{.spec.mig.strategy}') || {
        sleep 2 & wait $!; continue; }
    for node in $(kubectl get nodes -o 'jsonpath={.items[*].metadata.name}'); do
        case $node in cpu*) continue ;; esac
        kubectl label --overwrite node "$node" nvidia.com/gpu.present=true nvidia.com/mig.capable=true \
            nvidia.com/mig.strategy="$strategy" nvidia.com/gpu.product=NVIDIA-A100-SXM4-40GB >/dev/null
        # Once only: others set them to something else, such as "paused-for-mig-change".
        [ -n "$(kubectl get node "$node" -o 'jsonpath={.metadata.labels.nvidia\.com/gpu\.deploy\.driver}')" ] ||
            kubectl label --overwrite node "$node" nvidia.com/gpu.deploy.driver=true nvidia.com/gpu.deploy.device-plugin=true \
                nvidia.com/gpu.deploy.gpu-feature-discovery=true nvidia.com/gpu.deploy.operator-validator=true \
                nvidia.com/gpu.deploy.mig-manager=true >/dev/null
    done
    daemons='nvidia-device-plugin-daemonset gpu-feature-discovery nvidia-operator-validator'
    {
        if [ "$(policy '{.spec.driver.enabled}')" = true ]; then
            daemonset nvidia-driver-daemonset {{ include "standin.image" (dict "root" . "image" .Values.driver.image) }} driver "$driver"
        fi
        daemonset nvidia-device-plugin-daemonset {{ include "standin.image" (dict "root" . "image" .Values.devicePlugin.image) }} device-plugin gpu-client
        daemonset gpu-feature-discovery {{ include "standin.image" (dict "root" . "image" .Values.gfd.image) }} gpu-feature-discovery
        daemonset nvidia-operator-validator {{ include "standin.image" (dict "root" . "image" .Values.validator.image) }} operator-validator
        if [ "$(policy '{.spec.migManager.enabled}')" = true ]; then
            daemonset nvidia-mig-manager {{ include "standin.image" (dict "root" . "image" .Values.migManager.image) }} mig-manager
        fi
    } | kubectl apply -f - || { sleep 2 & wait $!; continue; }
    for optional in nvidia-driver-daemonset=driver nvidia-mig-manager=migManager; do
        if [ "$(policy "{.spec.${optional#*=}.enabled}")" = true ]; then
            daemons="$daemons ${optional%=*}"
        else
            kubectl -n {{ .Release.Namespace }} delete daemonset "${optional%=*}" --ignore-not-found >/dev/null
        fi
    done
    state=ready
    for daemon in $daemons; do
        kubectl -n {{ .Release.Namespace }} rollout status "daemonset/$daemon" --timeout 60s || state=notReady
    done
    kubectl patch clusterpolicy cluster-policy --subresource status --type merge \
        -p "{\"status\": {\"namespace\": \"{{ .Release.Namespace }}\", \"state\": \"$state\"}}" || state=notReady
    # Until the policy is changed, or at once where it is not fulfilled yet.
    while [ $state = ready ] && [ "$(policy '{.metadata.generation} {.status.state}')" = "$generation ready" ]; do
        sleep 3 & wait $!
    done
done
{{- end -}}
