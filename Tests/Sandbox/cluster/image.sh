#!/usr/bin/env bash
# image.sh DIR NAME:TAG[,NAME:TAG...] [FILES]
# Makes a container image (busybox, and the files of the folder FILES laid over
# it) and gives it to the nodes of the cluster in DIR, under any names charts may ask for.
# With no command of its own the image idles until it is told to stop.
set -euo pipefail
dir=$(cd "$1" && pwd) names=$2 files=${3:-}
cache=${TEST_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/test-cluster}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work"/root/{bin,etc,tmp,usr}
chmod 1777 "$work/root/tmp"
ln -s ../bin "$work/root/usr/bin"
echo 'root:x:0:0:root:/:/bin/sh' >"$work/root/etc/passwd"
cp "$cache/bin/busybox" "$work/root/bin/"
for applet in $("$cache/bin/busybox" --list); do ln -sf busybox "$work/root/bin/$applet"; done
cp --remove-destination "$cache/bin/busybox" "$work/root/bin/busybox"
# Process 1 gets no default signal handling, so a bare sleep would only stop at the kill.
printf '%s\n' '#!/bin/sh' 'trap "exit 0" TERM INT' 'while :; do sleep 86400 & wait $!; done' >"$work/root/bin/idle"
chmod 755 "$work/root/bin/idle"
[ -z "$files" ] || cp -a --no-preserve=ownership "$files/." "$work/root/"

tar -C "$work/root" --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" .
cat >"$work/config.json" <<JSON
{"architecture":"$(dpkg --print-architecture)","os":"linux",
 "config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Cmd":["/bin/idle"]},
 "rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum "$work/layer.tar" | cut -d' ' -f1)"]}}
JSON
echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"${names//,/\",\"}\"],\"Layers\":[\"layer.tar\"]}]" >"$work/manifest.json"
tar -C "$work" -cf "$work/image.tar" manifest.json config.json layer.tar
for socket in "$dir"/nodes/*.sock; do
    "$cache/bin/ctr" --address "$socket" -n k8s.io images import "$work/image.tar" >/dev/null
done
