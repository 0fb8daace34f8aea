#!/usr/bin/env bash
# parts.sh PARTS: packages unpacked but not installed: kernels, GRUB, and the programs of the live system with their libraries.
set -euo pipefail
cd "$(dirname "$0")"
. ./apt.sh
bookworm | mmdebstrap --quiet --mode=root --variant=extract --format=directory --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --include="$(packages parts | paste -sd,)" bookworm "$1" -
