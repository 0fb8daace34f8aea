#!/bin/sh
# With data: starts. Without: joins the cluster that the others keep, in place of what this machine was in it; when there is none, founds it with them.
set -eu

NAME='etcd-2'
ADDRESS='10.0.0.22'
TOKEN='demo'
MEMBERS='etcd-1=https://10.0.0.21:2380,etcd-2=https://10.0.0.22:2380,etcd-3=https://10.0.0.23:2380'
OTHERS='https://10.0.0.21:2379 https://10.0.0.23:2379'
CLOCK='yes'
ARCHIVE='/opt/sextant/programs/etcd.tar.gz'
HEARTBEAT='500'
ELECTION='5000'
QUOTA='8589934592'
METRICS='http://127.0.0.1:2381'
FOLDER=${SEXTANT_ETCD:-/etc/etcd}
STATE=${SEXTANT_ETCD_STATE:-/var/lib/etcd}
PATIENCE=${SEXTANT_PATIENCE:-30}
BIN=${SEXTANT_BIN:-/opt/bin}
PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
DATA=$STATE/data

# Each program appears whole, and once for each archive.
unpack() {
  if [ ! -s "$ARCHIVE" ]; then return 0; fi
  sum=$(sha256sum <"$ARCHIVE")
  if [ "$(cat "$ARCHIVE.done" 2>/dev/null)" = "$sum" ]; then return 0; fi
  rm -rf "$ARCHIVE.new"
  mkdir -p "$ARCHIVE.new" "$BIN"
  tar -xzf "$ARCHIVE" -C "$ARCHIVE.new" --strip-components=1 --no-same-owner
  for program in etcd etcdctl etcdutl; do
    if [ ! -f "$ARCHIVE.new/$program" ]; then continue; fi
    chmod 0755 "$ARCHIVE.new/$program"
    mv -f "$ARCHIVE.new/$program" "$BIN/"
  done
  rm -rf "$ARCHIVE.new"
  printf '%s\n' "$sum" >"$ARCHIVE.done"
}

clock_is_set() {
  [ "$CLOCK" = no ] || [ -e /run/systemd/timesync/synchronized ] || [ "$(timedatectl show --property NTPSynchronized --value 2>/dev/null)" = yes ]
}

# ctl ENDPOINT COMMAND...
ctl() {
  endpoint=$1
  shift
  etcdctl --endpoints="$endpoint" --cacert="$FOLDER/ca.crt" --cert="$FOLDER/member.crt" --key="$FOLDER/member.key" \
    --dial-timeout=5s --command-timeout=15s "$@"
}

# start STATE MEMBERS
start() {
  exec etcd --name="$NAME" --data-dir="$DATA" \
    --listen-client-urls="https://$ADDRESS:2379,https://127.0.0.1:2379" --advertise-client-urls="https://$ADDRESS:2379" \
    --listen-peer-urls="https://$ADDRESS:2380" --initial-advertise-peer-urls="https://$ADDRESS:2380" \
    --initial-cluster-state="$1" --initial-cluster="$2" --initial-cluster-token="$TOKEN" \
    --cert-file="$FOLDER/member.crt" --key-file="$FOLDER/member.key" --trusted-ca-file="$FOLDER/ca.crt" --client-cert-auth \
    --peer-cert-file="$FOLDER/member.crt" --peer-key-file="$FOLDER/member.key" --peer-trusted-ca-file="$FOLDER/ca.crt" --peer-client-cert-auth \
    --auto-compaction-mode=periodic --auto-compaction-retention=8h \
    --heartbeat-interval="$HEARTBEAT" --election-timeout="$ELECTION" --quota-backend-bytes="$QUOTA" --listen-metrics-urls="$METRICS"
}

# insist COMMAND...: etcd changes its members only while those it has are connected, and have been for some seconds.
insist() {
  tries=1
  until "$@"; do
    if [ "$tries" -ge 20 ]; then return 1; fi
    tries=$((tries + 1))
    sleep 3
  done
}

# living: one line for each other member that answers, with its cluster. It answers also where it has no quorum.
living() {
  for other in $OTHERS; do
    if ! curl --silent --fail --noproxy '*' --max-time 10 --cacert "$FOLDER/ca.crt" --cert "$FOLDER/member.crt" --key "$FOLDER/member.key" \
      --output /dev/null "$other/version"; then continue; fi
    id=$(ctl "$other" endpoint status --write-out=json | sed -n 's/.*"cluster_id":\([0-9]*\).*/\1/p')
    printf '%s %s\n' "${id:-unknown}" "$other"
  done
}

# join ENDPOINT: takes what this machine was out of the cluster, and puts it in as a new member; sets `cluster`.
join() {
  known=$(ctl "$1" member list)
  for id in $(printf '%s\n' "$known" | grep -e ", $NAME, " -e "://$ADDRESS:" | cut -d, -f1); do insist ctl "$1" member remove "$id"; done
  added=$(insist ctl "$1" member add "$NAME" --peer-urls="https://$ADDRESS:2380")
  cluster=$(printf '%s\n' "$added" | sed -n 's/^ETCD_INITIAL_CLUSTER="\(.*\)"$/\1/p')
  if [ -z "$cluster" ]; then
    echo "sextant: etcd at $1 took $NAME in and did not say with whom: $added"
    exit 1
  fi
}

umask 022
unpack
umask 077
until clock_is_set; do sleep 2; done
mkdir -p "$STATE"
chmod 0700 "$STATE"

# A member that was begun and never had a quorum knows nothing that others do not, and may be what the living cluster counts on no more.
if [ -e "$STATE/fresh" ]; then
  rm -rf "$STATE/aside"
  if [ -e "$DATA" ]; then mv "$DATA" "$STATE/aside"; fi
fi
if [ -d "$DATA/member" ]; then start existing "$MEMBERS"; fi
if [ -z "$OTHERS" ]; then start new "$MEMBERS"; fi

asked=0
found=$(living)
while [ -z "$found" ] && [ "$asked" -lt "$PATIENCE" ]; do
  sleep 3
  asked=$((asked + 3))
  found=$(living)
done
if [ "$(printf '%s\n' "$found" | cut -d' ' -f1 | sort -u | wc -l)" -gt 1 ]; then
  echo "sextant: the other members are in different clusters, so this one joins none: $found"
  exit 1
fi
: >"$STATE/fresh"
if [ -z "$found" ]; then
  echo "sextant: no other member of etcd answers: founds the cluster with them"
  start new "$MEMBERS"
fi
first=$(printf '%s\n' "$found" | head -n 1)
echo "sextant: joins the etcd that lives at ${first#* }"
join "${first#* }"
start existing "$cluster"
