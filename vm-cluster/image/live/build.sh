#!/usr/bin/env bash
# build.sh PARTS VMLINUZ INITRD: the installer system: Debian's kernel for any hardware and an initramfs with busybox, curl and disk tools.
set -euo pipefail
cd "$(dirname "$0")"
parts=$(realpath "$1") vmlinuz=$2 initrd=$3
kernel=$(basename "$parts"/lib/modules/*[0-9]-amd64)
tree=$(mktemp -d "$initrd.XXXXXX")
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

# Each path once, in the file system the others have: / is merged into /usr.
mkdir -p "$tree"/{dev,proc,sys,run,tmp,mnt,etc,root} "$tree"/usr/{bin,sbin,lib,lib64}
ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tree"

cp "$parts/bin/busybox" "$tree/usr/bin/busybox"
# Real programs, each with the libraries the loader would load for it.
for program in curl zstd xz gzip sha256sum dd tee lsblk blkid wipefs sgdisk sfdisk partx blockdev findmnt; do
  found=$(cd "$parts" && ls -d {usr/,}{bin,sbin}/$program 2>/dev/null | head -n 1 || true)
  [ -n "$found" ] || { echo "live/build.sh: no $program among the parts" >&2; exit 1; }
  cp -L "$parts/$found" "$tree/$found"
  chroot "$parts" /lib64/ld-linux-x86-64.so.2 --list "/$found" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "$tree${library%/*}"
    cp -nL "$parts$library" "$tree$library"
  done
done

# busybox for everything else: its names never replace a program copied above.
for applet in $(chroot "$parts" /bin/busybox --list); do
  [ -e "$tree/usr/bin/$applet" ] || [ -e "$tree/usr/sbin/$applet" ] || ln -s busybox "$tree/usr/bin/$applet"
done

# What QEMU, VirtualBox and VMware present, and the file systems of the image; the rest of the 390 MB would only be unpacked.
drivers='drivers/(ata/(ahci|ata_piix)|nvme/host/nvme\.|virtio/virtio_pci|block/(virtio_blk|loop)|scsi/(virtio_scsi|sd_mod|vmw_pvscsi)|message/fusion/mpt(spi|sas)|char/hw_random/virtio-rng|firmware/qemu_fw_cfg'
drivers+='|net/(virtio_net|vmxnet3/|ethernet/(intel/(e1000|e1000e)/|realtek/8139cp|amd/pcnet32)))'
files='fs/(ext4/|fat/vfat|nls/nls_(cp437|ascii|iso8859-1\.)|efivarfs/)'
# ext4 asks for crc32c by the name of the algorithm, which no list of dependencies mentions.
../modules.sh "$parts" "$kernel" "$tree" "($drivers|$files|crypto/crc32c_generic|arch/x86/crypto/crc32c-intel|net/packet/af_packet)"

install -m 755 init "$tree/init"
install -m 755 lease "$tree/usr/bin/sextant-lease"
cp "$parts/boot/vmlinuz-$kernel" "$vmlinuz"
(cd "$tree" && find . -print0 | sort -z | cpio --null --quiet -o -H newc -R 0:0) | zstd -q -f -T0 -15 -o "$initrd"
