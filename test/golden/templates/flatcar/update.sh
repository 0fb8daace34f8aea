#!/bin/sh
# update VERSION: writes that release to the /usr that is not in use. The next boot starts it, and goes back by itself when it fails.
set -eu

HTTPS='https://10.0.0.1'
BOARD='amd64-usr'
PAYLOAD='flatcar_production_update.gz'
FOLDER=${SEXTANT_FOLDER:-/etc/sextant}

fail() {
  echo "sextant: $*" >&2
  exit 1
}

fetch() {
  curl --silent --show-error --fail --cacert "$FOLDER/ca.pem" --connect-timeout 10 --speed-limit 1000 --speed-time 60 --output "$WORK/$1" \
    "$HTTPS/static/flatcar/$BOARD/$VERSION/$1" || fail "$HTTPS/static/flatcar/$BOARD/$VERSION/$1 cannot be fetched; was the bsroot built with version: $VERSION and updates: true?"
}

[ "$#" -eq 1 ] || fail 'give the release to go to, as in /opt/sextant/update 4593.2.6'
VERSION=$1
case $VERSION in
  *[!0-9.]* | '') fail "$VERSION is not a release; give three numbers, as in 4593.2.6" ;;
esac

WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/sextant-update.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM

echo "sextant: fetching $HTTPS/static/flatcar/$BOARD/$VERSION/$PAYLOAD"
fetch "$PAYLOAD.sha256"
fetch "$PAYLOAD"
read -r expected _ <"$WORK/$PAYLOAD.sha256" || :
read -r sum _ <<EOF
$(sha256sum "$WORK/$PAYLOAD")
EOF
[ "$sum" = "$expected" ] || fail "the payload arrived wrong: SHA-256 is $sum, expected $expected; try again"
flatcar-update --to-version "$VERSION" --to-payload "$WORK/$PAYLOAD"
echo "sextant: $VERSION is written; drain this node and reboot it"
