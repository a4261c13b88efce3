#!/usr/bin/env bash
# reboot.sh DIR NODE
# Reboots a node of the cluster in DIR: its containers and its kubelet end without a word, and come up with another boot id,
# as the API shows it. Returns at once.
set -euo pipefail
fifo=$(cd "$1" && pwd)/nodes/$2.reboot
[ -p "$fifo" ] || { echo "no node $2 in $1" >&2; exit 1; }
# Nobody would read it once the cluster has ended.
timeout 5 bash -c 'echo now >"$1"' bash "$fifo"
