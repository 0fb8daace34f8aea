# Sourced: how the image is told where Debian is, so that a company mirror configured on this host is used and nothing else.

image=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The packages of the named groups of the list beside this file.
packages() { awk -v groups=" $* " '$1 !~ /^#/ && index(groups, " " $1 " ") { for (i = 2; i <= NF; i++) print $i }' "$image/packages"; }

# sources.list lines for the Debian 12 archives this host itself uses.
bookworm() {
  apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v keyring="$keyring" '$1 == "Debian" && $2 ~ /^bookworm/ && $3 == "main" && !seen[$0]++ { print "deb [signed-by=" keyring "] " $4, $2, $3 }' | grep . || {
    echo "vm-cluster/image: this host has no Debian 12 archive in its apt sources, or its lists are empty; run: apt-get update" >&2
    return 1
  }
}

# Every package and version the groups would bring today, dependencies included, without touching the network.
resolved() {
  apt-get -o Dir::State::status=/dev/null -o APT::Install-Recommends=false -s install $(packages "$@") | awk '$1 == "Inst" { print $2, $3 }' | sort
}
