#!/usr/bin/env bash
# settle.sh ROOT PARTS KERNEL MODULES: turns a plain Debian tree into the node image; runs as mmdebstrap's last hook, with /dev, /proc and /sys mounted.
set -euo pipefail
cd "$(dirname "$0")"
. ../apt.sh
root=$1 parts=$2 kernel=$3 modules=$4

../modules.sh "$parts" "$kernel" "$root" "$modules"

cp -r --no-preserve=ownership overlay/. "$root"
rm -f "$root"/etc/{hostname,resolv.conf} "$root"/etc/.*.bak "$root"/var/lib/dbus/machine-id "$root"/etc/ssh/ssh_host_*
# Straight to the servers DHCP named, with their search domain; no stub in between.
ln -s ../run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
chroot "$root" passwd --quiet --lock root
systemctl --root="$root" --quiet preset-all
systemctl --root="$root" --quiet mask systemd-firstboot.service getty.target getty@tty1.service e2scrub_all.timer e2scrub_reap.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  modprobe@.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount systemd-pstore.service

cp -r --no-preserve=ownership dracut/40sextant "$root/usr/lib/dracut/modules.d/"
cp "$parts/boot/vmlinuz-$kernel" "$root/boot/vmlinuz"
cp "$parts/boot/config-$kernel" "$root/boot/" # kubeadm looks into it
chroot "$root" dracut --quiet --force --no-hostonly --no-early-microcode --no-hostonly-cmdline --kver "$kernel" --compress 'zstd -10' \
  --add 'ignition systemd-networkd sextant' \
  --omit 'dracut-systemd plymouth resume crypt dm dmraid lvm mdraid btrfs multipath nfs iscsi i18n network-legacy memstrack biosdevname pollcdrom terminfo kernel-modules-extra lunmask ifcfg fcoe nbd cifs' \
  --drivers 'virtio_pci virtio_blk virtio_net virtio_rng virtio_scsi sd_mod ext4 vfat nls_ascii nls_cp437 nls_iso8859_1 af_packet qemu_fw_cfg autofs4 efivarfs' \
  /boot/initrd
rm -r "$root/usr/lib/dracut/modules.d/40sextant"

# What only made the initramfs has no place on the node; nor have udev's names for hardware, time zones, nor what nobody calls. keepalived needs
# libperl for SNMP, and none of Perl's modules.
chroot "$root" sh -c 'apt-mark -qq auto ".*"; apt-mark -qq manual "$@"; apt-get -q=2 -o APT::AutoRemove::RecommendsImportant=false \
  -o APT::AutoRemove::SuggestsImportant=false purge --autoremove usrmerge' sh $(packages node) >/dev/null
chroot "$root" apt-get clean
rm -rf "$root"/usr/lib/udev/hwdb.{d,bin} "$root"/usr/share/{locale,zoneinfo,dracut,snmp,perl,misc/pci.ids} "$root"/usr/lib/dracut \
  "$root"/usr/lib/x86_64-linux-gnu/perl \
  "$root"/usr/bin/{containerd-stress,containerd-shim,containerd-shim-runc-v1} \
  "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/{apt,*.log}

# Debian builds Ignition with SELinux relabelling: it insists on a policy and on setfiles. This one labels nothing.
mkdir -p "$root/etc/selinux/none/contexts/files"
printf 'SELINUX=disabled\nSELINUXTYPE=none\n' > "$root/etc/selinux/config"
printf '/.*\t<<none>>\n' > "$root/etc/selinux/none/contexts/files/file_contexts"
