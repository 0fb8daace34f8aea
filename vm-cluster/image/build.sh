#!/usr/bin/env bash
# build.sh OUT: makes everything the lab boots, in OUT: node.raw.zst, vmlinuz, live.initrd and the mirror with iPXE.
set -euo pipefail
cd "$(dirname "$0")"
out=$1
work=$(mktemp -d "$out.work.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
step() { echo "image: $1 (${SECONDS} s)"; }

step "unpacking kernels and tools"
./parts.sh "$work/parts"
step "installer system"
./live/build.sh "$work/parts" "$out/vmlinuz" "$out/live.initrd"
step "node root file system"
./node/root.sh "$work/root" "$work/parts"
step "disk image"
./node/disk.sh "$work/root" "$work/parts" "$work/node.raw"
step "compressing"
zstd -q -T0 -10 "$work/node.raw" -o "$out/node.raw.zst"
step "boot loaders"
./loaders.sh "$out/mirror"
step "done: $(cd "$out" && du -h node.raw.zst vmlinuz live.initrd | awk '{ printf "%s %s  ", $2, $1 }')"
