#!/bin/sh
# Sextant: starts the bootstrapper of this bsroot as one container, with docker or podman. Run it as root, as often as you like.
set -eu

ADDRESS='10.0.0.1'

bsroot=$(cd "$(dirname "$0")" && pwd)
name=sextant-bootstrapper
engine=''
state=/var/lib/sextant
task=start
dry=no

usage() {
  cat <<END
start_bootstrapper_container.sh [BSROOT] [options] [-- options of bootstrapper serve]

  Checks this server, loads the image of this bsroot and runs it. A container that runs already is replaced; leases and journal stay.

  --dry-run                 check, and show what would be done
  --stop                    stop and remove the container; leases and journal stay
  --status                  say how it does; ends with 0 when all is well
  --state FOLDER            where leases, phases and journal live [$state]
  --engine docker|podman    with which of them, if both are here
END
}

fail() {
  echo "start_bootstrapper_container.sh: $1" >&2
  exit "${2:-1}"
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --stop) task=stop ;;
    --status) task=status ;;
    --state) state=${2-} && shift ;;
    --engine) engine=${2-} && shift ;;
    --help | -h) usage && exit 0 ;;
    --) shift && break ;;
    -*) fail "there is no option $1; see --help" 2 ;;
    *)
      [ "$(cd "$1" 2>/dev/null && pwd -P)" = "$(cd "$bsroot" && pwd -P)" ] ||
        fail "starts the bsroot that it lies in, $bsroot; for another one run $1/start_bootstrapper_container.sh" 2
      bsroot=$(cd "$1" && pwd)
      ;;
  esac
  shift || fail "an option lacks its value; see --help" 2
done
case $state in
  /*) ;;
  *) fail "--state: \"$state\" must be an absolute path" 2 ;;
esac

step() { echo "$1"; }
run() {
  echo "  + $*"
  if [ "$dry" = no ]; then "$@"; fi
}

[ "$(id -u)" -eq 0 ] || fail "must be run as root, which alone may load images and give ports away; write sudo before it"

case $engine in
  docker | podman | '') ;;
  *) fail "--engine: \"$engine\" is neither docker nor podman" 2 ;;
esac

# Where an engine keeps its images, which it tells only when it works.
storage_of() {
  case $1 in
    docker) docker info --format '{{.DockerRootDir}}' 2>/dev/null | grep . ;;
    podman) podman info --format '{{.Store.GraphRoot}}' 2>/dev/null ;;
  esac
}
storage=''
for one in ${engine:-docker podman}; do
  if command -v "$one" >/dev/null && storage=$(storage_of "$one"); then
    engine=$one
    break
  fi
done
[ -n "$storage" ] ||
  fail "no ${engine:-docker or podman} works on this server. Install docker or podman (or start its service), or run $bsroot/start_bootstrapper_service.sh, which needs node alone"

of_container() { "$engine" container inspect --format "$1" "$name" 2>/dev/null; }
health() {
  "$engine" exec "$name" node -e \
    'fetch("http://127.0.0.1:" + (process.env.SEXTANT_HTTP_PORT ?? 80) + "/healthz").then(async (answer) => { console.log(await answer.text()); process.exit(answer.ok ? 0 : 3) }, () => process.exit(4))' 2>/dev/null
}

case $task in
  stop)
    of_container '{{.Id}}' >/dev/null || { echo "$name does not run here" && exit 0; }
    step "Stopping $name; leases and journal stay"
    run "$engine" stop -t 10 "$name"
    run "$engine" rm --force "$name"
    exit 0
    ;;
  status)
    status=$(of_container '{{.State.Status}}') || fail "$name does not run here; start it with $bsroot/start_bootstrapper_container.sh"
    echo "$name: $status, since $(of_container '{{.State.StartedAt}}'), $engine"
    [ "$status" = running ] || fail "it does not run; its last words: $engine logs --tail 20 $name"
    health || fail "not all of it is well; its last words: $engine logs --tail 20 $name"
    exit 0
    ;;
esac

step "1. Is this server ready?"
running=$(of_container '{{.State.Pid}}') || running=0
"$bsroot/check_server.sh" --for container --ours "$running" --state "$state" --storage "$storage" || exit 1

case $(uname -m) in
  aarch64 | arm64) tar=$bsroot/bootstrapper-arm64.tar ;;
  *) tar=$bsroot/bootstrapper.tar ;;
esac
image=$(tar -xOf "$tar" manifest.json | sed -n 's/.*"RepoTags":\["\([^"]*\)".*/\1/p')
[ -n "$image" ] || fail "$tar names no image; copy the bsroot here again, whole"
sum=$(sha256sum <"$tar" | cut -d ' ' -f 1)

step "2. The image"
if [ "$(of_container '{{index .Config.Labels "sextant.tar"}}')" = "$sum" ] && "$engine" image inspect "$image" >/dev/null 2>&1; then
  echo "  $image is loaded already"
else
  run "$engine" load --input "$tar"
fi

step "3. What it may read and write: it runs as user 65532, not as root"
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

step "4. The container"
if of_container '{{.Id}}' >/dev/null; then
  run "$engine" stop -t 10 "$name"
  run "$engine" rm --force "$name"
fi
logs=''
if [ "$engine" = docker ] && [ "$(docker info --format '{{.LoggingDriver}}')" = json-file ]; then logs='--log-opt max-size=20m --log-opt max-file=5'; fi
# shellcheck disable=SC2086 # several words
run "$engine" run --detach --name "$name" --label "sextant.tar=$sum" --restart always $logs \
  --network host --read-only --tmpfs /tmp --security-opt label=disable \
  --cap-drop ALL --cap-add NET_BIND_SERVICE --cap-add NET_RAW \
  --volume "$bsroot:/bsroot:ro" --volume "$state:/var/lib/sextant" \
  "$image" serve --bsroot /bsroot --state /var/lib/sextant "$@"
if [ "$engine" = podman ] && command -v systemctl >/dev/null && systemctl cat podman-restart.service >/dev/null 2>&1; then
  run systemctl enable podman-restart.service
elif [ "$engine" = podman ]; then
  echo "  this server has no podman-restart.service: after it was switched off, run this script again"
fi
if [ "$dry" = yes ]; then
  echo "Nothing was changed."
  exit 0
fi

step "5. Does it serve?"
tries=0
while :; do
  code=0
  words=$(health) || code=$?
  if [ "$code" -eq 0 ]; then break; fi
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ] || [ "$(of_container '{{.State.Status}}')" = exited ]; then
    if [ -n "$words" ]; then echo "$words"; fi
    "$engine" logs --tail 20 "$name" 2>&1 | sed 's/^/  | /'
    fail "it does not serve as it should; the lines above say why. All of them: $engine logs $name"
  fi
  sleep 1
done
echo "$words" | sed 's/^/  /'
cat <<END
The bootstrapper serves. Power the machines on, and watch: https://$ADDRESS/ (its token is in $bsroot/tls/api-token)
  $engine logs --follow $name          what it does
  $bsroot/start_bootstrapper_container.sh --status | --stop
END
