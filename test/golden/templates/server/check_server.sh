#!/bin/sh
# Sextant: says whether this server can be the bootstrapper of the bsroot that this script lies in. Changes nothing.
#
#   check_server.sh --for container|service [--ours PID] [--state FOLDER] [--storage FOLDER]
#
# --ours: the bootstrapper that runs already; --storage: where images are unpacked. Ends with 1 when something is wrong, each with its way out.
set -eu

ADDRESS='10.0.0.1'
PREFIX='24'
OTHERS=''
PROXY='no'
TIME='yes'
IMAGES='yes'

bsroot=$(cd "$(dirname "$0")" && pwd)
way=''
ours=0
state=/var/lib/sextant
storage=''
while [ $# -gt 0 ]; do
  case $1 in
    --for) way=${2-} && shift ;;
    --ours) ours=${2:-0} && shift ;;
    --state) state=${2-} && shift ;;
    --storage) storage=${2-} && shift ;;
    *) echo "check_server.sh: $1 is none of --for, --ours, --state, --storage" >&2 && exit 2 ;;
  esac
  shift
done
case $way in
  container | service) ;;
  *) echo "check_server.sh: say --for container or --for service" >&2 && exit 2 ;;
esac

failures=0
good() { echo "  good   $1"; }
note() { echo "  note   $1"; }
wrong() {
  echo "  WRONG  $1" >&2
  failures=$((failures + 1))
}

# "SIZE SHA256" of a file as manifest.json promises it; each of its keys has a line of its own.
promised() {
  awk -F '"' -v path="$1" '
    $2 == "path" { hit = ($4 == path) }
    hit && $2 == "size" { size = $3; gsub(/[^0-9]/, "", size) }
    hit && $2 == "sha256" { print size, $4; exit }' "$bsroot/manifest.json"
}

check_file() {
  promise=$(promised "$1")
  if [ ! -f "$bsroot/$1" ]; then
    wrong "$bsroot/$1 is missing; $2"
  elif [ -z "$promise" ]; then
    wrong "$bsroot/manifest.json does not know $1; copy the bsroot here again, whole"
  elif [ "$(wc -c <"$bsroot/$1")" -ne "${promise% *}" ] || [ "$(sha256sum <"$bsroot/$1" | cut -d ' ' -f 1)" != "${promise#* }" ]; then
    wrong "$bsroot/$1 is not what manifest.json says; copy the bsroot here again, whole"
  else
    good "$1 is what manifest.json says"
  fi
}

# The interface that has an address; nothing when none has it.
interface_of() {
  ip -4 -o address show | awk -v wanted="$1" '{ split($4, at, "/") } at[1] == wanted { print $2; exit }'
}

# "PROTOCOL ADDRESS PORT PID NAME" of everything that listens here.
listeners() {
  ss -H -lntup | awk '{
    port = where = $5
    sub(/.*:/, "", port)
    sub(/:[^:]*$/, "", where)
    name = "a program"
    pid = 0
    if (match($0, /"[^"]*"/)) name = substr($0, RSTART + 1, RLENGTH - 2)
    if (match($0, /pid=[0-9]+/)) pid = substr($0, RSTART + 4, RLENGTH - 4)
    print $1, where, port, pid, name
  }'
}

# Whether a process is the bootstrapper that runs already, or one of its children.
is_ours() {
  at=$1
  while [ "$ours" -gt 0 ] && [ "$at" -gt 1 ]; do
    if [ "$at" -eq "$ours" ]; then return 0; fi
    at=$(awk '$1 == "PPid:" { print $2 }' "/proc/$at/status" 2>/dev/null || true)
    at=${at:-0}
  done
  return 1
}

# check_port udp 67 ours|any: nobody may listen there on our address, or on any address of this server.
check_port() {
  holder=$(listeners | while read -r protocol where port pid name; do
    if [ "$protocol $port" != "$1 $2" ]; then continue; fi
    case $where in
      *%"$interface" | *%lo) where=${where%%%*} ;;
      *%*) continue ;; # another interface's own
    esac
    case $where in
      0.0.0.0 | '*' | "$ADDRESS") ;;
      '['*) continue ;; # IPv6 only
      *) if [ "$3" = ours ]; then continue; fi ;;
    esac
    if is_ours "$pid"; then continue; fi
    unit=$(sed -n 's#.*/\([^/]*\.service\)$#\1#p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)
    if [ -n "$unit" ]; then
      echo "$name (process $pid); stop it: systemctl disable --now $unit"
    else
      echo "$name (process $pid); stop it"
    fi
    break
  done)
  if [ -n "$holder" ]; then
    wrong "port $2/$1 is held by $holder"
  fi
}

# check_room FOLDER MEGABYTES WHAT
check_room() {
  folder=$1
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1024) }')
  if [ "$free" -ge "$2" ]; then
    good "$free MB are free in $folder for $3"
  else
    wrong "$folder has $free MB free, and $3 needs $2 MB; delete something there, or give it a larger disk"
  fi
}

if [ "$(id -u)" -ne 0 ]; then
  echo "check_server.sh: must be run as root; write sudo before it" >&2
  exit 1
fi
for tool in ip ss awk sha256sum; do
  command -v "$tool" >/dev/null || wrong "this server has no $tool; install the package iproute2 (ip, ss), gawk or coreutils"
done
if [ "$failures" -gt 0 ]; then exit 1; fi

if [ ! -f "$bsroot/manifest.json" ]; then
  wrong "$bsroot/manifest.json is missing; copy the bsroot here again, whole"
elif [ "$way" = container ]; then
  case $(uname -m) in
    aarch64 | arm64) tar=bootstrapper-arm64.tar ;;
    *) tar=bootstrapper.tar ;;
  esac
  check_file "$tar" "the builder made no image for this kind of server ($(uname -m)): build with --server-arch, or run $bsroot/start_bootstrapper_service.sh, which needs node alone"
  if [ -f "$bsroot/$tar" ] && [ -n "$storage" ]; then
    check_room "$storage" $(($(wc -c <"$bsroot/$tar") * 3 / 1048576)) "the image"
  fi
else
  check_file bootstrapper-program.tar.gz "build the bsroot again"
fi
check_room "$state" 200 "leases and journal"

interface=$(interface_of "$ADDRESS")
if [ -n "$interface" ]; then
  good "$ADDRESS is an address of $interface"
else
  wrong "no interface of this server has $ADDRESS, the bootstrapper's address in config/cluster-desc.yml; it has $(ip -4 -o address show | awk '{ sub("/.*", "", $4); printf "%s%s (%s)", sep, $4, $2; sep = ", " }'). Give it the address: ip address add $ADDRESS/$PREFIX dev INTERFACE"
fi
for other in $OTHERS; do
  if [ -z "$(interface_of "$other")" ]; then note "no interface has $other yet; its subnet is not served until one does"; fi
done

before=$failures
check_port udp 53 ours
check_port tcp 53 ours
check_port udp 67 ours
if [ "$PROXY" = yes ]; then check_port udp 4011 ours; fi
check_port udp 69 ours
check_port tcp 80 any
check_port tcp 443 any
if [ "$TIME" = yes ]; then check_port udp 123 ours; fi
if [ "$IMAGES" = yes ]; then check_port tcp 5000 ours; fi
if [ "$failures" -eq "$before" ]; then good "the ports for DNS, DHCP, TFTP, HTTP and the rest are free"; fi

if [ "$failures" -gt 0 ]; then
  echo "This server is not ready: put right what is WRONG above, then run it again." >&2
  exit 1
fi
