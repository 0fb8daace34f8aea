#!/usr/bin/env bash
# root.sh ROOT PARTS: the node's root file system and, in ROOT/boot, its kernel and the initramfs that runs Ignition on the first boot.
set -euo pipefail
cd "$(dirname "$0")"
. ../apt.sh
root=$1 parts=$2
kernel=$(basename "$parts"/lib/modules/*-cloud-amd64)

# What a virtual machine and a Kubernetes node (overlay, bridges, tunnels, packet filters) have a use for; the rest of the 90 MB goes.
modules='(drivers/(virtio/|block/(virtio_blk|loop)|scsi/(virtio_scsi|sd_mod)|char/hw_random/|firmware/(dmi-sysfs|qemu_fw_cfg)|net/(virtio_net|vxlan|veth|dummy|ipvlan|macvlan|tun|wireguard|geneve))'
modules+='|fs/(ext4|fat|nls|overlayfs|squashfs|autofs|efivarfs|fuse)|net/(bridge|netfilter|ipv4|ipv6/netfilter|packet|sched/(cls_bpf|sch_ingress|sch_fq)))'

exclude() { printf -- '--dpkgopt=path-exclude=%s\n' /usr/share/{doc,man,locale,info,lintian,bug,bash-completion,zsh}/'*'; }
mapfile -t excludes < <(exclude)
bookworm | mmdebstrap --quiet --mode=root --variant=minbase --format=directory --aptopt='APT::Install-Recommends "false"' "${excludes[@]}" \
  --include="$(packages node initrd | paste -sd,)" \
  --customize-hook="$PWD/settle.sh \"\$1\" '$parts' '$kernel' '$modules'" \
  bookworm "$root" -

# Last, because mmdebstrap empties the file: this makes systemd treat the boot as the first one and apply its presets, which
# is how Ignition enables units.
echo uninitialized > "$root/etc/machine-id"
