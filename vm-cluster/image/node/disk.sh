#!/usr/bin/env bash
# disk.sh ROOT PARTS OUT: ROOT as a GPT disk image that boots on BIOS and UEFI, made without loop devices or mounts.
set -euo pipefail
root=$1 parts=$2 out=$3
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")"

# MiB. The root file system takes its whole disk on the first boot, so the image holds little air: air is written too.
esp=48 oem=8
used=$(du -sm --apparent-size --exclude='./boot' "$root" | cut -f1)
size=$((used * 115 / 100 + 40))
total=$((2 + esp + oem + size + 1))

rm -f "$out"
truncate -s "${total}M" "$out"
# 8304 is "Linux x86-64 root".
sgdisk --set-alignment=2048 \
  --new=1:2048:+1M --typecode=1:ef02 --change-name=1:BIOS-BOOT \
  --new=2:0:+${esp}M --typecode=2:ef00 --change-name=2:EFI-SYSTEM \
  --new=3:0:+${oem}M --typecode=3:8300 --change-name=3:OEM \
  --new=4:0:+${size}M --typecode=4:8304 --change-name=4:ROOT "$out" >/dev/null

place() { dd if="$1" of="$out" bs=1M seek="$2" conv=notrunc,sparse status=none; }

# GRUB: one early configuration inside both core images finds the real one by the partition's label.
printf 'search --no-floppy --label EFI-SYSTEM --set=root\nconfigfile /grub.cfg\n' > "$work/early.cfg"
modules="part_gpt fat search search_label normal linux echo test configfile serial boot reboot"
grub-mkimage -d "$parts/usr/lib/grub/x86_64-efi" -O x86_64-efi -c "$work/early.cfg" -p / -o "$work/BOOTX64.EFI" $modules
grub-mkimage -d "$parts/usr/lib/grub/i386-pc" -O i386-pc -c "$work/early.cfg" -p / -o "$work/core.img" $modules biosdisk

truncate -s "${esp}M" "$work/esp"
mkfs.vfat -n EFI-SYSTEM "$work/esp" >/dev/null
touch "$work/first_boot"
mmd -i "$work/esp" ::/EFI ::/EFI/BOOT
mcopy -i "$work/esp" "$work/BOOTX64.EFI" ::/EFI/BOOT/
mcopy -i "$work/esp" grub.cfg "$work/first_boot" "$root/boot/vmlinuz" "$root/boot/initrd" ::/
place "$work/esp" 2

truncate -s "${oem}M" "$work/oem"
mkfs.ext4 -q -L OEM "$work/oem"
place "$work/oem" $((2 + esp))

mkdir "$work/boot"
mv "$root/boot/vmlinuz" "$root/boot/initrd" "$work/boot/"
truncate -s "${size}M" "$work/root"
# A small journal: a power cut must not cost the file system, and a large one would be written at install time.
mkfs.ext4 -q -L ROOT -J size=8 -m 0 -d "$root" "$work/root"
mv "$work/boot/"* "$root/boot/"
place "$work/root" $((2 + esp + oem))

# GRUB's BIOS half: boot.img goes into the MBR beside the partition table and names the first sector of core.img (GRUB's
# boot.S: kernel sector at 0x5c, drive check at 0x66); core.img's first sector lists where the rest of it is (diskboot.S:
# start, length in sectors, load segment at 0x1f4).
sector=2048
cp "$parts/usr/lib/grub/i386-pc/boot.img" "$work/boot.img"
poke() { # FILE OFFSET VALUE BYTES: a little-endian number
  local value=$3 index
  for ((index = 0; index < $4; index++, value >>= 8)); do printf "\\x$(printf %02x $((value & 255)))"; done |
    dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}
poke "$work/boot.img" 0x5c $sector 8
poke "$work/boot.img" 0x66 0x9090 2
poke "$work/core.img" 0x1f4 $((sector + 1)) 8
poke "$work/core.img" 0x1fc $((($(stat -c %s "$work/core.img") + 511) / 512 - 1)) 2
poke "$work/core.img" 0x1fe 0x820 2
dd if="$work/boot.img" of="$out" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$out" bs=512 seek=$sector conv=notrunc status=none
