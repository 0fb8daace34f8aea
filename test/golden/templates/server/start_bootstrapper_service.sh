#!/bin/sh
# Sextant: runs the bootstrapper of this bsroot as a systemd service, without containers. Run it as root, as often as you like.
set -eu

ADDRESS='10.0.0.1'

bsroot=$(cd "$(dirname "$0")" && pwd)
unit=sextant-bootstrapper.service
state=/var/lib/sextant
task=start
dry=no

usage() {
  cat <<END
start_bootstrapper_service.sh [BSROOT] [--dry-run | --stop | --status | --help]

  Checks this server, unpacks the program to /opt/sextant and runs it as $unit. It needs node 20.19 or newer;
  with chrony it serves time, with docker-registry (Debian's package, or "registry" of the CNCF distribution) container images.
END
}

fail() {
  echo "start_bootstrapper_service.sh: $1" >&2
  exit "${2:-1}"
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --stop) task=stop ;;
    --status) task=status ;;
    --help | -h) usage && exit 0 ;;
    -*) fail "there is no option $1; see --help" 2 ;;
    *)
      [ "$(cd "$1" 2>/dev/null && pwd -P)" = "$(cd "$bsroot" && pwd -P)" ] ||
        fail "starts the bsroot that it lies in, $bsroot; for another one run $1/start_bootstrapper_service.sh" 2
      bsroot=$(cd "$1" && pwd)
      ;;
  esac
  shift
done

step() { echo "$1"; }
run() {
  echo "  + $*"
  if [ "$dry" = no ]; then "$@"; fi
}

[ "$(id -u)" -eq 0 ] || fail "must be run as root; write sudo before it"
command -v systemctl >/dev/null || fail "this server has no systemd. By hand: unpack $bsroot/bootstrapper-program.tar.gz, then run node dist/bootstrapper/main.js serve --bsroot $bsroot as root"
node=$(command -v node) || fail "this server has no node; install node 20.19 or newer, or docker or podman and run $bsroot/start_bootstrapper_container.sh"
node=$(readlink -f "$node")
"$node" -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
  fail "$node is $("$node" --version); install node 20.19 or newer"

health() {
  "$node" -e 'fetch("http://127.0.0.1/healthz").then(async (answer) => { console.log(await answer.text()); process.exit(answer.ok ? 0 : 3) }, () => process.exit(4))'
}

case $task in
  stop)
    step "Stopping $unit; leases and journal stay"
    run systemctl disable --now "$unit"
    exit 0
    ;;
  status)
    systemctl --no-pager --lines 0 status "$unit" || fail "it does not run; its last words: journalctl --lines 20 --unit $unit"
    health || fail "not all of it is well; its last words: journalctl --lines 20 --unit $unit"
    exit 0
    ;;
esac

step "1. Is this server ready?"
case $node in
  /home/* | /root/*) fail "$node lies in a home folder, which a service may not look into; install node for everybody, as in /usr/local/bin" ;;
esac
case $bsroot in
  /home/* | /root/* | /tmp/* | /var/tmp/* | *[!A-Za-z0-9._/+-]*) fail "a service cannot read $bsroot; move the bsroot to /bsroot" ;;
esac
"$bsroot/check_server.sh" --for service --ours "$(systemctl show --property MainPID --value "$unit")" --state "$state" || exit 1

step "2. The program"
sum=$(sha256sum <"$bsroot/bootstrapper-program.tar.gz" | cut -c 1-12)
if [ -d "/opt/sextant-$sum" ]; then
  echo "  /opt/sextant-$sum is there already"
else
  run rm -rf /opt/sextant.part
  run mkdir -p /opt/sextant.part
  run tar -xzf "$bsroot/bootstrapper-program.tar.gz" -C /opt/sextant.part --no-same-owner
  run mv /opt/sextant.part "/opt/sextant-$sum"
fi
run ln -sfn "sextant-$sum" /opt/sextant

step "3. What it may read and write: it runs as user 65532, not as root"
if ! getent passwd 65532 >/dev/null; then
  run groupadd --gid 65532 sextant
  run useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sextant
fi
run mkdir -p "$state"
run chown -R 65532:65532 "$state"
run find "$bsroot/tls" ! -user 65532 -exec chown 65532:65532 '{}' +
run find "$bsroot" -path "$bsroot/tls" -prune -o -type d ! -perm -005 -exec chmod o+rx '{}' + -o -type f ! -perm -004 -exec chmod o+r '{}' +
buffer=$(cat /proc/sys/net/core/rmem_max 2>/dev/null || echo 4194304)
if [ "$buffer" -lt 4194304 ]; then
  if [ "$dry" = yes ] || echo 4194304 2>/dev/null >/proc/sys/net/core/rmem_max; then
    echo "  + net.core.rmem_max=4194304, kept in /etc/sysctl.d/60-sextant.conf: room for the questions of a thousand machines at once"
    [ "$dry" = yes ] || echo "net.core.rmem_max = 4194304" >/etc/sysctl.d/60-sextant.conf || true
  else
    echo "  net.core.rmem_max stays $buffer; when very many machines start at once, some must ask twice"
  fi
fi

step "4. The service"
echo "  + /etc/systemd/system/$unit, for $bsroot and $node"
if [ "$dry" = yes ]; then
  echo "Nothing was changed."
  exit 0
fi
sed -e "s#/bsroot#$bsroot#g" -e "s#/usr/bin/node#$node#" "$bsroot/$unit" >"/etc/systemd/system/$unit"
run systemctl daemon-reload
run systemctl enable "$unit"
run systemctl restart "$unit"

step "5. Does it serve?"
tries=0
until words=$(health); do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then
    if [ -n "$words" ]; then echo "$words"; fi
    journalctl --no-pager --lines 20 --unit "$unit" | sed 's/^/  | /'
    fail "it does not serve as it should; the lines above say why"
  fi
  sleep 1
done
echo "$words" | sed 's/^/  /'
cat <<END
The bootstrapper serves. Power the machines on, and watch: https://$ADDRESS/ (its token is in $bsroot/tls/api-token)
  journalctl --follow --unit $unit          what it does
  $bsroot/start_bootstrapper_service.sh --status | --stop
END
