#!/bin/sh
# Sextant: finds this machine's install script by its MAC, and runs it.
set -eu

HTTP='http://10.0.0.1'

# The NIC that booted comes first (pxelinux and Sextant's iPXE scripts name it in BOOTIF), then all others.
macs() {
  tr ' ' '\n' </proc/cmdline | sed -n 's/^BOOTIF=[0-9a-fA-F][0-9a-fA-F]-//p'
  for nic in /sys/class/net/*; do
    if [ -e "$nic/device" ]; then tr ':' '-' <"$nic/address"; fi
  done
}

script=$(mktemp)
for mac in $(macs); do
  echo "sextant: asks $HTTP for the install script of $mac"
  if curl --silent --show-error --fail --connect-timeout 10 --retry 5 --output "$script" "$HTTP/install/$mac.sh"; then
    exec sh "$script"
  fi
done
echo "sextant: $HTTP has no install script for this machine: is its MAC in cluster-desc.yml, and may it install?"
exit 1
