#!/bin/sh
# Sextant beside the installer: permission and disk before it, configuration after it, and its failure told.
set -eu
umask 077
export LC_ALL=C PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"

NAME='cp-1'
MAC='52-54-00-00-00-11'
HTTP='http://10.0.0.1'
HTTPS='https://10.0.0.1'
CA='-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUQ2
-----END CERTIFICATE-----
'
LISTS=''
MEDIUM='/cdrom'
MEDIUM_SHA256='cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'
MEDIUM_SIZE='102760448'

RULE_DEVICE=''
RULE_SERIAL=''
RULE_MIN='10737418240'
RULE_MAX='0'
RULE_PICK='first'
MAY_WIPE='no'
OURS='serial-A'

say() { printf 'sextant: %s\n' "$*"; }

step() {
  STEP=$1
  say "$STEP"
}

# fail REASON: ends the script. The reason goes through a file, so that it also survives from inside $(...).
fail() {
  printf '%s' "$*" >"$WORK/reason"
  exit 1
}

# finish: reached only when something went wrong. Tells the console and the server, leaves no half of a secret, tries again later.
finish() {
  code=$?
  trap - EXIT HUP INT TERM
  set +e
  reason=$(cat "$WORK/reason" 2>/dev/null)
  reason=$(printf 'while %s: %s' "$STEP" "${reason:-a command ended with status $code}" | head -c 600)
  stop_watching
  make_unbootable
  say "FAILED $reason"
  TRIES=20
  if [ -s "$WORK/authorization" ]; then
    (report phase=failed "reason=$reason") || say "$HTTPS could not be told"
  fi
  rm -rf "$WORK"
  say 'this machine asks again in 60 s what it shall do'
  sleep 60
  reboot -f
  exit 1
}

# A bootstrapper that is being restarted must find its machines still waiting: 5 minutes.
TRIES=100
PAUSE=3

# ask CURL-ARGUMENTS: 0 when the server agreed, 2 when it refused (asking again is no use), 1 otherwise. Its words are in $WORK/answer.
ask() {
  : >"$WORK/answer"
  if status=$(curl --silent --show-error --cacert "$WORK/ca.pem" --connect-timeout 10 --max-time 120 \
    --output "$WORK/answer" --write-out '%{http_code}' "$@" 2>"$WORK/curl-says"); then
    case $status in
      2??) return 0 ;;
      408 | 425 | 429 | 5??) because="$HTTPS answered $status" ;;
      *)
        because="$HTTPS answered $status: $(head -c 300 "$WORK/answer" | tr -c ' -~' ' ')"
        return 2
        ;;
    esac
  else
    because=$(tr -c ' -~' ' ' <"$WORK/curl-says")
    case $because in
      *'not yet valid'* | *'has expired'* | *'certificate expired'*)
        because="$because (this machine's clock says $(date -u '+%Y-%m-%d %H:%M') UTC: compare it with the clock of the bootstrapper)" ;;
    esac
  fi
  return 1
}

# keep_asking CURL-ARGUMENTS: until the server agrees; fails when it refuses or when it stays silent too long.
keep_asking() {
  tries=0
  while :; do
    rc=0
    ask "$@" || rc=$?
    [ "$rc" -ne 0 ] || return 0
    tries=$((tries + 1))
    if [ "$rc" -eq 2 ] || [ "$tries" -ge "$TRIES" ]; then fail "$because"; fi
    [ "$((tries % 10))" -ne 1 ] || say "$because; asks again every $PAUSE s ($tries of $TRIES)"
    sleep "$PAUSE"
  done
}

# await_server: until it answers at all, before something long starts over.
await_server() {
  tries=0
  until curl --silent --head --max-time 20 --output "$WORK/answer" "$HTTP/healthz"; do
    tries=$((tries + 1))
    [ "$tries" -lt "$TRIES" ] || fail "$HTTP does not answer; is the bootstrapper running, and the cable in?"
    [ "$((tries % 10))" -ne 1 ] || say "$HTTP does not answer; asks again every $PAUSE s ($tries of $TRIES)"
    sleep "$PAUSE"
  done
}

# get_token: given once for each network boot, and only while this machine may install.
get_token() {
  keep_asking --request POST --data '' "$HTTPS/grant/$MAC"
  token=$(tr -d '\r\n' <"$WORK/answer")
  case $token in
    *[!0-9a-f]*) token='' ;;
  esac
  [ "${#token}" -eq 64 ] || fail "$HTTPS/grant/$MAC did not answer with a token"
  printf 'Authorization: Bearer %s\n' "$token" >"$WORK/authorization"
  rm -f "$WORK/answer"
  unset token
}

# report FIELD=VALUE...: tells the server where the installation stands.
report() {
  for field in "$@"; do
    shift
    set -- "$@" --data-urlencode "$field"
  done
  keep_asking --header "@$WORK/authorization" "$@" "$HTTPS/report/$MAC"
}

CLOCK_MAY_DIFFER=30

# seconds_of HTTP-DATE: "Sat, 21 Nov 2026 07:39:00 GMT" (RFC 9110 section 5.6.7) as seconds since 1970; nothing when it is not one.
seconds_of() {
  case $1 in
    ???,' '[0-9][0-9]' '???' '[0-9][0-9][0-9][0-9]' '[0-9][0-9]:[0-9][0-9]:[0-9][0-9]' GMT') ;;
    *) return 0 ;;
  esac
  # shellcheck disable=SC2086 # split into its words
  set -- $1
  months='Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'
  before=${months%%"$3"*}
  [ "$before" != "$months" ] || return 0
  month=$((${#before} / 4 + 1))
  [ "$month" -gt 9 ] || month="0$month"
  date -u -d "$4-$month-$2 $5" +%s
}

set_clock() {
  answered=$(curl --silent --head --max-time 20 "$HTTP/healthz" | tr -d '\r' | sed -n 's/^[Dd][Aa][Tt][Ee]: //p') || answered=''
  there=$(seconds_of "$answered") || there=''
  if [ -z "$there" ]; then
    say "$HTTP told no time; the clock stays as it is: $(date -u)"
    return 0
  fi
  off=$(($(date +%s) - there))
  if [ "${off#-}" -le "$CLOCK_MAY_DIFFER" ]; then return 0; fi
  say "the clock is $off s away from the server's; it is set to $answered"
  date -u -s "@$there" >/dev/null || say 'the clock cannot be set'
}

list_disks() {
  lsblk --bytes --nodeps --pairs --output NAME,PATH,TYPE,SIZE,RM,RO,TRAN,SERIAL,WWN,MODEL >"$WORK/listing" || fail 'lsblk cannot list the disks'
  cat /proc/mounts >"$WORK/mounts"
  # Without udev lsblk knows no serial number; the kernel often does.
  while IFS= read -r line; do
    name=$(field NAME)
    if [ -z "$(field SERIAL)" ]; then
      serial=$(cat "/sys/block/$name/serial" "/sys/block/$name/device/serial" 2>/dev/null | head -n 1 | tr -cd '!-~') || serial=''
      # SCSI says it in its page Unit Serial Number (VPD page 80h): four bytes of header, then the number.
      [ -n "$serial" ] || serial=$(dd if="/sys/block/$name/device/vpd_pg80" bs=4 skip=1 2>/dev/null | tr -cd '!-~')
      line=$(printf '%s\n' "$line" | sed "s/ SERIAL=\"\"/ SERIAL=\"$(printf '%s' "$serial" | tr -d '"\\/&')\"/")
    fi
    # NVMe pads its serial numbers with spaces, which nobody writes into a rule.
    printf '%s\n' "$line" | sed 's/ SERIAL="\([^"]*[^" ]\) *"/ SERIAL="\1"/'
  done <"$WORK/listing" >"$WORK/disks"
}

# field NAME: its value in $line. lsblk writes a quote inside a value as \x22, so the next quote is the end.
field() {
  case " $line" in
    *" $1=\""*) ;;
    *) return 0 ;;
  esac
  rest=" $line"
  rest=${rest#*" $1=\""}
  printf '%s' "${rest%%\"*}"
}

read_disk() {
  name=$(field NAME) path=$(field PATH) type=$(field TYPE) size=$(field SIZE) transport=$(field TRAN)
  serial=$(field SERIAL) wwn=$(field WWN) model=$(field MODEL)
}

# identity: what the server remembers a disk by. Serial numbers that two disks share tell nothing.
identity() {
  if [ -n "$serial" ] && [ "$(grep -cF " SERIAL=\"$serial\"" "$WORK/disks")" -eq 1 ]; then
    printf 'serial-%s' "$serial"
  elif [ -n "$wwn" ] && [ "$(grep -cF " WWN=\"$wwn\"" "$WORK/disks")" -eq 1 ]; then
    printf 'wwn-%s' "$wwn"
  else
    printf 'path-%s-%s' "$path" "$size"
  fi
}

gigabytes() { printf '%s.%s GB' "$(($1 / 1000000000))" "$(($1 / 100000000 % 10))"; }

# unfit: why the disk just read may not be taken; nothing when it may.
unfit() {
  case $name in
    ram* | zram* | loop* | fd* | sr* | nbd* | mtdblock* | mmcblk*boot* | mmcblk*rpmb) echo "is no hard disk" && return ;;
  esac
  if [ "$type" != disk ]; then echo "is a $type"
  elif [ "${size:-0}" -eq 0 ]; then echo 'has no medium'
  elif [ "$(field RO)" = 1 ]; then echo 'is read-only'
  elif holds_live_system; then echo 'holds the running system'
  elif [ -n "$RULE_SERIAL" ] && [ "$serial" != "$RULE_SERIAL" ]; then echo "has serial '$serial', not '$RULE_SERIAL'"
  elif [ -n "$RULE_DEVICE" ] && [ "$path" != "$(readlink -f "$RULE_DEVICE")" ]; then echo "is not $RULE_DEVICE"
  # A serial number names one disk for certain; a device name may have landed on a stick.
  elif [ -z "$RULE_SERIAL" ] && { [ "$(field RM)" = 1 ] || [ "$transport" = usb ]; }; then echo 'is removable'
  elif [ "$size" -lt "$RULE_MIN" ]; then echo "is smaller ($(gigabytes "$size")) than $(gigabytes "$RULE_MIN")"
  elif wrong_sectors; then echo "has sectors of $sector bytes, and the image is made for $IMAGE_SECTOR"
  elif [ "$RULE_MAX" -gt 0 ] && [ "$size" -gt "$RULE_MAX" ]; then echo "is larger ($(gigabytes "$size")) than $(gigabytes "$RULE_MAX")"
  fi
}

# wrong_sectors: whether the disk counts in other sectors than the image's partition table, so that nothing would find its partitions.
wrong_sectors() {
  [ "${IMAGE_SECTOR:-0}" -gt 0 ] || return 1
  sector=$(blockdev --getss "$path" 2>/dev/null) || sector=''
  [ -n "$sector" ] && [ "$sector" -ne "$IMAGE_SECTOR" ]
}

# holds_live_system: whether the disk just read carries what runs now.
holds_live_system() {
  while read -r source target _; do
    on_disk "$path" "$source" || continue
    case $target in
      / | /usr | /boot | /boot/* | /run/live* | /run/initramfs/*) return 0 ;;
    esac
  done <"$WORK/mounts"
  return 1
}

# on_disk DISK DEVICE: whether DEVICE is the disk or one of its partitions: sda1, but nvme0n1p1.
on_disk() {
  case $1 in
    *[0-9]) part="$1p" ;;
    *) part=$1 ;;
  esac
  case $2 in
    "$1" | "$part"[0-9]*) return 0 ;;
  esac
  return 1
}

# choose_disk: among those that fit the first, smallest or largest. Says of each disk why, and of none why not.
choose_disk() {
  DISK='' others=''
  while IFS= read -r line; do
    read_disk
    because=$(unfit)
    if [ -n "$because" ]; then
      others="$others; $path $because"
      say "  $path ($(gigabytes "${size:-0}")${model:+, $model}) $because"
      continue
    fi
    say "  $path ($(gigabytes "$size")${model:+, $model}) fits"
    case $RULE_PICK in
      smallest) [ -z "$DISK" ] || [ "$size" -lt "$DISK_SIZE" ] || continue ;;
      largest) [ -z "$DISK" ] || [ "$size" -gt "$DISK_SIZE" ] || continue ;;
      *) [ -z "$DISK" ] || continue ;;
    esac
    DISK=$path DISK_NAME=$name DISK_SIZE=$size DISK_ID=$(identity)
  done <"$WORK/disks"
  others=${others#; }
  [ -n "$DISK" ] || fail "no disk fits: ${others:-there is none at all}; change 'disk' of $NAME in cluster-desc.yml, or the disks"
  say "takes $DISK ($DISK_ID)"
}

# check_disk: refuses a disk that holds something, unless it was begun by us for this machine or the operator gave it up.
check_disk() {
  marks=$(wipefs --parsable "$DISK") || fail "$DISK cannot be read: wipefs failed"
  marks=$(printf '%s\n' "$marks" | sed -e '/^#/d' -e '/^$/d')
  if [ -z "$marks" ]; then
    say "$DISK is blank"
  elif [ "$MAY_WIPE" = yes ]; then
    say "$DISK holds $(contents), which may go"
  elif printf '%s\n' "$OURS" | grep -qxF -- "$DISK_ID"; then
    say "$DISK was begun by an earlier attempt for this machine and starts over"
  else
    fail "$DISK ($DISK_ID) is not blank, it holds $(contents); to give it up ask for a reinstall of $NAME, or set disk.wipe: any in cluster-desc.yml, or clean it with: wipefs -a $DISK"
  fi
}

# contents: the chosen disk in a few words: gpt, sda1 ext4 data 20.0 GB, ...
contents() {
  text=$(printf '%s\n' "$marks" | sed 's/.*,//' | sort -u | tr '\n' ' ')
  list_parts
  while IFS= read -r line; do
    text="${text% }, $(field NAME) $(gigabytes "$(field SIZE)")"
    line=$(blkid "$(field PATH)") || continue
    text="$text $(field TYPE) $(field LABEL)"
  done <"$WORK/parts"
  printf '%s' "${text% }" | head -c 300
}

# list_parts: the disk's partitions, for field. What is on them tells blkid, which needs no udev (lsblk does).
list_parts() { lsblk --bytes --pairs --output NAME,PATH,TYPE,SIZE "$DISK" 2>/dev/null | grep ' TYPE="part"' >"$WORK/parts" || :; }

# release_disk: nothing of the disk may be in use when it is overwritten.
release_disk() {
  while read -r source target _; do
    if on_disk "$DISK" "$source"; then umount "$target" || fail "$source is in use at $target"; fi
  done </proc/mounts
  while read -r source _; do
    if on_disk "$DISK" "$source"; then swapoff "$source" || fail "$source is in use as swap"; fi
  done </proc/swaps
}

# forget_start: no firmware boots a disk whose first MiB is empty.
forget_start() { dd if=/dev/zero of="$DISK" bs=64k count=16 conv=notrunc,fsync 2>/dev/null; }

# make_unbootable: a disk that was begun and not finished must not start by itself.
UNFINISHED=no
make_unbootable() {
  if [ "$UNFINISHED" = yes ]; then
    umount "$WORK/mount" 2>/dev/null
    forget_start && say "$DISK was emptied at its start, so that it cannot boot half an installation"
  fi
}

begin() {
  STEP='the installer ran'
  WORK=${SEXTANT_WORK:-/tmp/sextant}
  mkdir -p "$WORK"
  printf '%s\n' "$CA" >"$WORK/ca.pem"
  if [ -s "$WORK/disk" ]; then
    DISK=$(cat "$WORK/disk")
    UNFINISHED=yes # the installer has had it since
  fi
  trap finish EXIT
  trap 'fail "the script was told to stop"' HUP INT TERM
}

stop_watching() { :; }

check_lists() {
  printf '%s\n' "$LISTS" >"$WORK/lists"
  while read -r expected url; do
    [ -n "$expected" ] || continue
    keep_asking "$url"
    sum=$(sha256sum <"$WORK/answer")
    sum=${sum%% *}
    [ "$sum" = "$expected" ] || fail "$url arrived wrong: SHA-256 is $sum, expected $expected; run bsroot-builder verify"
  done <"$WORK/lists"
  rm -f "$WORK/answer"
}

# check_medium: the live system mounts the file by a loop device; where it does it in another way there is nothing to hash.
check_medium() {
  [ -n "$MEDIUM" ] || return 0
  while read -r source target _; do
    case "$target $source" in
      "$MEDIUM /dev/loop"*)
        sum=$(head -c "$MEDIUM_SIZE" "$source" | sha256sum)
        sum=${sum%% *}
        [ "$sum" = "$MEDIUM_SHA256" ] || fail "$source at $MEDIUM arrived wrong: SHA-256 is $sum, expected $MEDIUM_SHA256; run bsroot-builder verify"
        say "$source at $MEDIUM is what the builder fetched"
        return 0
        ;;
    esac
  done <"${SEXTANT_MOUNTS:-/proc/mounts}"
  say "what is mounted at $MEDIUM cannot be checked: it is on no loop device"
}

# configure_system ROOT: runs the configuration inside the new system. It is never a file outside of memory.
configure_system() {
  { [ -s "$WORK/authorization" ] && [ -s "$WORK/disk" ]; } || fail 'this installation was not begun here'
  [ -x "$1/bin/sh" ] || fail "there is no system below $1"
  keep_asking --header "@$WORK/authorization" "$HTTPS/config/$MAC"
  [ -s "$WORK/answer" ] || fail "$HTTPS/config/$MAC answered with nothing"
  chroot "$1" /bin/sh -s <"$WORK/answer" >"$WORK/says" 2>&1 || fail "the new system cannot be configured: $(tail -n 3 "$WORK/says" | tr -c ' -~' ' ')"
  rm -f "$WORK/answer"
  sync
  UNFINISHED=no
}

# watch_log LOG PATTERN: until the log has such a line; then the installation has failed.
watch_log() {
  trap - EXIT HUP INT TERM
  until found=$(grep -m 1 -e "$2" "$1" 2>/dev/null); do sleep 5; done
  exec sh "$0" failed "the installer gave up: $found"
}


main() {
  begin
  case ${1:-} in
    choose) choose ;;
    configure) configure "$2" ;;
    failed) fail "${2:-the installer gave up}" ;;
    watch) watch_log "$2" "$3" ;;
    *) fail "it was called as '$*'; it knows choose, configure ROOT, failed REASON and watch LOG PATTERN" ;;
  esac
  trap - EXIT
}

choose() {
  say "$NAME ($MAC) installs from $HTTP"
  step 'setting the clock'
  set_clock
  step 'asking for permission to install'
  get_token
  step 'looking at the packages'
  check_lists
  check_medium
  step 'choosing the disk'
  list_disks
  choose_disk
  check_disk
  release_disk
  step "handing $DISK_NAME to the installer"
  report phase=installing "disk=$DISK_ID"
  printf '%s\n' "$DISK" >"$WORK/disk"
}

configure() {
  step 'configuring the new system'
  configure_system "$1"
  step 'reporting that the disk is written'
  TRIES=600 # all is done but this word; without it the machine would be installed again
  report phase=installed
  rm -rf "$WORK"
  say "$NAME is installed on $DISK; the installer ends now and boots it"
}

main "$@"
