#!/usr/bin/env bash
# inside.sh DIR NODE...
# The cluster itself. up.sh starts this as process 1 of its own process, mount
# and network namespaces, so fixed ports and addresses clash with nothing, no
# traffic leaves, and the end of this process ends and unmounts everything.
# The address ranges are the ones set aside for documentation.
set -euo pipefail
dir=${1%/}
shift
cache=${TEST_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/test-cluster}
export PATH=$cache/bin:/usr/sbin:/usr/bin:/sbin:/bin
net=198.51.100     # nodes are $net.1 and up, pods $net.32 and up, on one bridge
api_ip=203.0.113.1 # the service "kubernetes": first address of the service range

# --- network: the API server listens on the service address itself (port 443),
#     so pods reach it without a kube-proxy.
ip link set lo up
ip address add "$api_ip/32" dev lo
ip link add cni0 type bridge
for i in $(seq $#); do ip address add "$net.$i/24" dev cni0; done
ip link set cni0 up

# --- files: everything that changes is in memory or under DIR. The kubelet
#     insists on setting some kernel parameters: it gets plain files instead,
#     so that this machine's own stay as they are.
mkdir -p "$dir"/{data,log,nodes,sysctl} /run/containerd /var/lib/cni
mount -t tmpfs tmpfs "$dir/data"
mount -t tmpfs tmpfs /run/containerd
mount -t tmpfs tmpfs /var/lib/cni
mount --bind "$dir/log" /var/log
# Where the controllers' own volume provisioner makes its folders: the path is fixed in its source.
mkdir -p /tmp/hostpath_pv
mount -t tmpfs tmpfs /tmp/hostpath_pv
for key in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    [ -e "/proc/sys/${key%=*}" ] || continue
    file=$dir/sysctl/$(basename "${key%=*}")
    echo "${key#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${key%=*}"
done

# start LOG COMMAND...: run a component in the background, its output in DIR/log.
components=0
start() {
    "${@:2}" >"$dir/log/$1.log" 2>&1 &
    components=$((components + 1))
}
# await COMMAND...: until it succeeds; fails once a component has ended.
await() {
    until "$@" >/dev/null 2>&1; do
        [ "$(jobs -pr | wc -l)" = "$components" ]
        sleep 0.1
    done
}

# --- etcd, API server, and while that one starts the container runtimes
start etcd etcd --data-dir "$dir/data/etcd" --log-level warn --heartbeat-interval 20 --election-timeout 100
start apiserver kube-apiserver --etcd-servers http://127.0.0.1:2379 \
    --bind-address 0.0.0.0 --secure-port 443 --advertise-address "$net.1" \
    --service-cluster-ip-range "${api_ip%.*}.0/24" --allow-privileged \
    --tls-cert-file "$dir/tls.crt" --tls-private-key-file "$dir/tls.key" \
    --authorization-mode RBAC --token-auth-file "$dir/tokens.csv" \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$dir/tls.crt" --service-account-signing-key-file "$dir/tls.key" \
    --kubelet-preferred-address-types InternalIP
start relay relay "unix:$dir/api.sock" tcp:127.0.0.1:443

mkdir "$dir/data/cni"
cat >"$dir/data/cni/10-bridge.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "bridge", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[{"subnet": "$net.0/24", "rangeStart": "$net.32", "gateway": "$net.1"}]]}}]}
JSON
# A node's own disk, for what outlives its pods, and its boot id (the kernel has but one for all nodes) are its own, too.
mkdir -p /tmp/node_disk
runtimes=()
echo nameserver 127.0.0.1 >"$dir/data/resolv.conf" # no cluster DNS: names fail at once
for node; do
    mkdir "$dir/data/$node"
    cat >"$dir/data/$node/containerd.toml" <<TOML
version = 2
root = "$dir/data/$node/containerd"
state = "/run/containerd/$node"
[grpc]
address = "$dir/nodes/$node.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "docker.io/test-cluster/busybox:1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "$cache/cni"
conf_dir = "$dir/data/cni"
TOML
    # A kubelet removes the logs of all pods it does not know. Their folder's path is fixed in its source, so each
    # node sees one of its own there: containerd, which writes the logs, and later its kubelet.
    mkdir -p "$dir/log/pods/$node" "$dir/data/$node/disk"
    cat /proc/sys/kernel/random/uuid >"$dir/data/$node/boot_id"
    mkfifo "$dir/nodes/$node.reboot"
    start "$node-containerd" unshare --mount sh -c 'mount --bind "$1/log/pods/$2" /var/log/pods &&
        mount --bind "$1/data/$2/disk" /tmp/node_disk && mount --bind "$1/data/$2/boot_id" /proc/sys/kernel/random/boot_id &&
        exec containerd --config "$1/data/$2/containerd.toml"' sh "$dir" "$node"
    runtimes+=($!)
    await [ -S "$dir/nodes/$node.sock" ]
done
"$(dirname "$0")/image.sh" "$dir" test-cluster/busybox:1

# --- controllers, scheduler, kubelets
await kubectl --kubeconfig "$dir/kubeconfig.inside" get --raw /readyz
# run_kubelet NODE COMMAND...: a node's kubelet, and a boot of the node for each line that reboot.sh sends: kubelet and
# containers end without a word, as at a loss of power, and come up with another boot id. The container runtime goes on.
run_kubelet() {
    local node=$1 kubelet reboot
    exec 3<>"$dir/nodes/$node.reboot"
    while :; do
        "${@:2}" 3<&- &
        kubelet=$!
        read -r _ <&3 &
        reboot=$!
        wait -n "$kubelet" "$reboot" || true
        # A kubelet that ended by itself.
        kill -0 "$kubelet" 2>/dev/null || return 1
        kill -KILL "$kubelet"
        wait "$kubelet" || true
        tee -a "$dir/log/$node-boots.log" </proc/sys/kernel/random/uuid >"$dir/data/$node/boot_id"
        local ctr=(ctr --address "$dir/nodes/$node.sock" --namespace k8s.io tasks)
        "${ctr[@]}" ls -q | xargs -r -n 1 -P 8 "${ctr[@]}" kill --signal SIGKILL || true
    done
}
start controllers kube-controller-manager --kubeconfig "$dir/kubeconfig.inside" --leader-elect=false \
    --port 0 --secure-port 0 --kube-api-qps 200 --kube-api-burst 400 --enable-hostpath-provisioner \
    --service-account-private-key-file "$dir/tls.key" --root-ca-file "$dir/tls.crt"
start scheduler kube-scheduler --kubeconfig "$dir/kubeconfig.inside" --leader-elect=false --port 0 --secure-port 0
i=0
for node; do
    i=$((i + 1))
    cat >"$dir/data/$node/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $net.$i
healthzPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupsPerQOS: false
enforceNodeAllocatable: []
failSwapOn: false
oomScoreAdj: 0
evictionHard: {memory.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%}
imageGCHighThresholdPercent: 100
serializeImagePulls: false
nodeStatusUpdateFrequency: 1s
syncFrequency: 5s
resolvConf: $dir/data/resolv.conf
YAML
    start "$node-kubelet" run_kubelet "$node" nsenter --mount="/proc/${runtimes[i - 1]}/ns/mnt" kubelet --config "$dir/data/$node/kubelet.yaml" --kubeconfig "$dir/kubeconfig.inside" \
        --root-dir "$dir/data/$node/kubelet" --cert-dir "$dir/data/$node/pki" \
        --hostname-override "$node" --node-ip "$net.$i" \
        --container-runtime remote --container-runtime-endpoint "unix://$dir/nodes/$node.sock"
done
wait -n # the end of any component is the end of the cluster
echo "a component ended; see $dir/log" >&2
