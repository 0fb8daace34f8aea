#!/usr/bin/env bash
# loaders.sh MIRROR: iPXE as its project publishes it, made of Debian 13's package. (Debian 12's build of 2019 cannot start a
# local disk on UEFI.) MIRROR is laid out like the internet, so that the builder's own download code finds it there. What Debian does not
# build, signed iPXE and iPXE for 32-bit UEFI, is there as a line of text that says so.
set -euo pipefail
cd "$(dirname "$0")"
. ./apt.sh
mirror=$1
target=$mirror/github.com/ipxe/ipxe/releases/download/v2.0.0/ipxeboot.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An apt of its own: this host's lists and packages stay as they are.
mkdir -p "$work"/{etc,state/lists/partial,cache/archives/partial,ipxe,tree/ipxeboot/x86_64,tree/ipxeboot/arm64}
archive=$(bookworm | awk '$4 == "bookworm" { print $3; exit }')
echo "deb [signed-by=$keyring] $archive trixie main" > "$work/etc/sources.list"
private=(-o "Dir::Etc::sourcelist=$work/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State=$work/state"
  -o Dir::State::status=/dev/null -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get -q=2 "${private[@]}" update
(cd "$work" && apt-get -q=2 "${private[@]}" download ipxe)
dpkg -x "$work"/ipxe_*.deb "$work/ipxe"

loaders=$work/ipxe/usr/lib/ipxe boot=$work/tree/ipxeboot
cp "$loaders/undionly.kpxe" "$loaders/snponly.efi" "$boot/x86_64/"
cp "$loaders/ipxe-amd64.efi" "$boot/x86_64/ipxe.efi"
cp "$loaders/ipxe-arm64.efi" "$boot/arm64/ipxe.efi"
for absent in i386/{snponly,ipxe}.efi x86_64-sb/{shimx64,snponly,ipxe}.efi arm64-sb/{shimaa64,snponly,ipxe}.efi; do
  mkdir -p "$(dirname "$boot/$absent")"
  echo "stands in for $absent of iPXE's release, which Debian does not build" > "$boot/$absent"
done
mkdir -p "$(dirname "$target")"
tar -C "$work/tree" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c ipxeboot | gzip -9n > "$target"
