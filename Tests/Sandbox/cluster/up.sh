#!/usr/bin/env bash
# up.sh DIR [NODE...]
# Starts a throw-away Kubernetes cluster in the new folder DIR, with nodes of
# these names (one, node-1, if none is given), waits until it works and prints
# the path of its kubeconfig. Needs root. The API server is on a free loopback
# port. Logs are in DIR/log; down.sh DIR ends it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TEST_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/test-cluster}
"$here/install.sh"
mkdir "$1"
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- node-1
for node; do
    # A socket's path has at most 107 characters.
    [ $((${#dir} + ${#node})) -le 90 ] || { echo "too long a path: $dir" >&2; exit 1; }
done
chmod 700 "$dir"
mkdir "$dir/log"
started=$SECONDS

# One certificate is the server's, its own authority and the service account key.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=test-cluster \
    -addext 'subjectAltName=IP:127.0.0.1,IP:198.51.100.1,IP:203.0.113.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc' \
    -keyout "$dir/tls.key" -out "$dir/tls.crt" 2>/dev/null
token=$(openssl rand -hex 16)
echo "$token,admin,admin,system:masters" >"$dir/tokens.csv"
kubeconfig() { # kubeconfig ADDRESS FILE
    cat >"$2" <<YAML
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "https://$1", certificate-authority-data: $(base64 -w0 "$dir/tls.crt")}}]
users: [{name: admin, user: {token: $token}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
YAML
}
kubeconfig 127.0.0.1:443 "$dir/kubeconfig.inside"

fail() {
    echo "the cluster did not start: $1; last lines of its logs:" >&2
    tail -n 5 "$dir"/log/*.log >&2
    "$here/down.sh" "$dir" keep
    exit 1
}
setsid unshare --mount --net --pid --fork --kill-child --mount-proc \
    bash "$here/inside.sh" "$dir/" "$@" </dev/null >"$dir/log/inside.log" 2>&1 &
echo $! >"$dir/pids"
setsid "$cache/bin/relay" tcp:127.0.0.1:0 "unix:$dir/api.sock" "$dir/address" </dev/null >"$dir/log/relay-outside.log" 2>&1 &
echo $! >>"$dir/pids"
disown -a
until [ -s "$dir/address" ]; do
    kill -0 "$(tail -1 "$dir/pids")" 2>/dev/null || fail "no way in"
    sleep 0.05
done
kubeconfig "$(cat "$dir/address")" "$dir/kubeconfig"

kubectl=("$cache/bin/kubectl" --kubeconfig "$dir/kubeconfig" --request-timeout 5s)
deadline=$((SECONDS + ${TEST_CLUSTER_TIMEOUT:-120}))
# Works: every node takes pods, and the default service account that pods need is there.
until [ "$("${kubectl[@]}" get nodes -o 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}' 2>/dev/null | grep -ow True | wc -l)" = $# ] &&
    "${kubectl[@]}" -n default get serviceaccount default >/dev/null 2>&1; do
    kill -0 "$(head -1 "$dir/pids")" 2>/dev/null || fail "it ended"
    [ $SECONDS -lt $deadline ] || fail "not ready in time"
    sleep 0.3
done
# Volume claims are served as on a real cluster: a default class, made on demand, gone with the claim.
"${kubectl[@]}" apply -f - >/dev/null <<YAML || fail "no storage class"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/host-path
YAML
echo "cluster up in $((SECONDS - started)) s" >&2
echo "$dir/kubeconfig"
