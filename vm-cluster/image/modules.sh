#!/usr/bin/env bash
# modules.sh FROM KERNEL TO PATTERN: copies the kernel modules whose path matches PATTERN, with every module those need.
set -euo pipefail
from=$1 kernel=$2 to=$3 pattern=$4
[ -f "$from/lib/modules/$kernel/modules.dep" ] || depmod -b "$from" "$kernel"
mkdir -p "$to/lib/modules/$kernel"
cd "$from/lib/modules/$kernel"
grep -E "^kernel/$pattern" modules.dep | tr -d : | tr ' ' '\n' | sort -u | cpio -pdm --quiet "$to/lib/modules/$kernel"
cp modules.builtin modules.builtin.modinfo modules.order "$to/lib/modules/$kernel"
depmod -b "$to" "$kernel"
