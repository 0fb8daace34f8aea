#!/bin/bash
# What Debian's Ignition module leaves to the distribution: finding the configuration on the OEM partition, the network when the
# configuration needs it, room for what it writes, and a word to the console when the first boot fails.

depends() { echo ignition systemd-networkd; }

install() {
  inst_multiple mount umount cp mkdir rm udevadm systemctl journalctl grep tail setfiles readlink resize2fs
  inst_multiple mkfs.ext4 mkfs.fat sgdisk wipefs useradd usermod userdel groupadd groupdel lsblk blkid partx
  inst_multiple /usr/lib/systemd/systemd-networkd-wait-online
  inst_simple "$moddir/50-sextant.network" /etc/systemd/network/50-sextant.network
  inst_script "$moddir/oem-config" /usr/lib/sextant/oem-config
  inst_script "$moddir/grow" /usr/lib/sextant/grow
  inst_script "$moddir/say-why" /usr/lib/sextant/say-why
  start_with ignition-complete.target sextant-oem-config.service
  start_with ignition-complete.target sextant-network.service
  start_with ignition-complete.target sextant-grow.service
  inst_simple "$moddir/emergency.service" "$systemdsystemunitdir/emergency.service"
}

start_with() {
  local requires="$systemdsystemunitdir/$1.requires"
  inst_simple "$moddir/$2" "$systemdsystemunitdir/$2"
  mkdir -p "$initdir$requires"
  ln_r "$systemdsystemunitdir/$2" "$requires/$2"
}
