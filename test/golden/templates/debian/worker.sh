#!/bin/sh
# What this machine becomes: users, files, units.
set -eu
umask 077

# add_user: LOGIN with its groups and its ssh keys, and without a password.
add_user() {
  getent passwd "$LOGIN" >/dev/null || useradd --create-home --shell /bin/bash "$LOGIN"
  for group in $MEMBER_OF; do
    getent group "$group" >/dev/null || groupadd --system "$group"
    usermod --append --groups "$group" "$LOGIN"
  done
  home=$(getent passwd "$LOGIN" | cut -d: -f6)
  mkdir -p "$home/.ssh"
  printf '%s\n' "$KEYS" >"$home/.ssh/authorized_keys"
  chown -R "$LOGIN:" "$home/.ssh"
}

# put and fetch: FILE from its BYTES or its URL, whole or not at all.
put() {
  make_way
  printf '%s' "$BYTES" | base64 -d >"$FILE.sextant"
  keep
}
fetch() {
  make_way
  curl --silent --show-error --fail --connect-timeout 10 --retry 20 --retry-delay 3 --retry-connrefused \
    --speed-limit 1000 --speed-time 60 --output "$FILE.sextant" "$URL"
  sum=$(sha256sum <"$FILE.sextant")
  if [ "${sum%% *}" != "$SHA256" ]; then
    echo "$URL arrived wrong: SHA-256 is ${sum%% *}, expected $SHA256"
    exit 1
  fi
  keep
}
make_way() { (umask 022 && mkdir -p "${FILE%/*}"); }
keep() {
  chown 0:0 "$FILE.sextant"
  chmod "$MODE" "$FILE.sextant"
  mv -f "$FILE.sextant" "$FILE"
}

# A unit that does not exist keeps the node from being ready, and it is said there; it is no reason to keep it from booting.
switch_on() { systemctl enable "$UNIT" || echo "$UNIT cannot be enabled"; }
switch_off() { systemctl disable "$UNIT" || echo "$UNIT cannot be disabled"; }

# In a function, so that all of it is read before any of it runs.
main() {
LOGIN='core'
MEMBER_OF='sudo'
KEYS='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPublicPartOfAKeyOfTheOperatorXXXXXXXXXXXX operator@laptop'
  add_user
FILE='/etc/containerd/certs.d/_default/hosts.toml'
MODE='0644'
BYTES='c2VydmVyID0gImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92MiIKY2EgPSAiL2V0Yy9zZXh0YW50L2NhLnBlbSIKb3ZlcnJpZGVfcGF0aCA9IHRydWUKCltob3N0LiJodHRwczovLzEwLjAuMC4xOjUwMDAvdjIiXQogIGNhcGFiaWxpdGllcyA9IFsicHVsbCIsICJyZXNvbHZlIl0KICBjYSA9ICIvZXRjL3NleHRhbnQvY2EucGVtIgogIG92ZXJyaWRlX3BhdGggPSB0cnVlCg=='
  put
FILE='/etc/containerd/certs.d/docker.io/hosts.toml'
MODE='0644'
BYTES='c2VydmVyID0gImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92Mi9kb2NrZXIuaW8iCmNhID0gIi9ldGMvc2V4dGFudC9jYS5wZW0iCm92ZXJyaWRlX3BhdGggPSB0cnVlCgpbaG9zdC4iaHR0cHM6Ly8xMC4wLjAuMTo1MDAwL3YyL2RvY2tlci5pbyJdCiAgY2FwYWJpbGl0aWVzID0gWyJwdWxsIiwgInJlc29sdmUiXQogIGNhID0gIi9ldGMvc2V4dGFudC9jYS5wZW0iCiAgb3ZlcnJpZGVfcGF0aCA9IHRydWUK'
  put
FILE='/etc/containerd/certs.d/ghcr.io/hosts.toml'
MODE='0644'
BYTES='c2VydmVyID0gImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92Mi9naGNyLmlvIgpjYSA9ICIvZXRjL3NleHRhbnQvY2EucGVtIgpvdmVycmlkZV9wYXRoID0gdHJ1ZQoKW2hvc3QuImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92Mi9naGNyLmlvIl0KICBjYXBhYmlsaXRpZXMgPSBbInB1bGwiLCAicmVzb2x2ZSJdCiAgY2EgPSAiL2V0Yy9zZXh0YW50L2NhLnBlbSIKICBvdmVycmlkZV9wYXRoID0gdHJ1ZQo='
  put
FILE='/etc/containerd/certs.d/quay.io/hosts.toml'
MODE='0644'
BYTES='c2VydmVyID0gImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92Mi9xdWF5LmlvIgpjYSA9ICIvZXRjL3NleHRhbnQvY2EucGVtIgpvdmVycmlkZV9wYXRoID0gdHJ1ZQoKW2hvc3QuImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92Mi9xdWF5LmlvIl0KICBjYXBhYmlsaXRpZXMgPSBbInB1bGwiLCAicmVzb2x2ZSJdCiAgY2EgPSAiL2V0Yy9zZXh0YW50L2NhLnBlbSIKICBvdmVycmlkZV9wYXRoID0gdHJ1ZQo='
  put
FILE='/etc/containerd/certs.d/registry.k8s.io/hosts.toml'
MODE='0644'
BYTES='c2VydmVyID0gImh0dHBzOi8vMTAuMC4wLjE6NTAwMC92Mi9yZWdpc3RyeS5rOHMuaW8iCmNhID0gIi9ldGMvc2V4dGFudC9jYS5wZW0iCm92ZXJyaWRlX3BhdGggPSB0cnVlCgpbaG9zdC4iaHR0cHM6Ly8xMC4wLjAuMTo1MDAwL3YyL3JlZ2lzdHJ5Lms4cy5pbyJdCiAgY2FwYWJpbGl0aWVzID0gWyJwdWxsIiwgInJlc29sdmUiXQogIGNhID0gIi9ldGMvc2V4dGFudC9jYS5wZW0iCiAgb3ZlcnJpZGVfcGF0aCA9IHRydWUK'
  put
FILE='/etc/containerd/config.toml'
MODE='0644'
BYTES='dmVyc2lvbiA9IDIKb29tX3Njb3JlID0gLTk5OQoKW3BsdWdpbnMuImlvLmNvbnRhaW5lcmQuZ3JwYy52MS5jcmkiLnJlZ2lzdHJ5XQogIGNvbmZpZ19wYXRoID0gIi9ldGMvY29udGFpbmVyZC9jZXJ0cy5kIgoKW3BsdWdpbnMuImlvLmNvbnRhaW5lcmQuZ3JwYy52MS5jcmkiLmNvbnRhaW5lcmQucnVudGltZXMucnVuY10KICBydW50aW1lX3R5cGUgPSAiaW8uY29udGFpbmVyZC5ydW5jLnYyIgogIFtwbHVnaW5zLiJpby5jb250YWluZXJkLmdycGMudjEuY3JpIi5jb250YWluZXJkLnJ1bnRpbWVzLnJ1bmMub3B0aW9uc10KICAgIFN5c3RlbWRDZ3JvdXAgPSB0cnVlCg=='
  put
FILE='/etc/hostname'
MODE='0644'
BYTES='Y3AtMQo='
  put
FILE='/etc/kubernetes/pki/ca.crt'
MODE='0644'
BYTES='c2VjcmV0IHRscy9rdWJlcm5ldGVzL2NhLmNydAo='
  put
FILE='/etc/modules-load.d/10-sextant.conf'
MODE='0644'
BYTES='b3ZlcmxheQpicl9uZXRmaWx0ZXIK'
  put
FILE='/etc/sextant/ca.pem'
MODE='0644'
BYTES='LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJzekNDQVZtZ0F3SUJBZ0lVUTIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo='
  put
FILE='/etc/sextant/labels'
MODE='0644'
BYTES=''
  put
FILE='/etc/sextant/node.crt'
MODE='0644'
BYTES='c2VjcmV0IHRscy9tYWNoaW5lcy81Mi01NC0wMC0wMC0wMC0xMS5jcnQK'
  put
FILE='/etc/sextant/node.key'
MODE='0600'
BYTES='c2VjcmV0IHRscy9tYWNoaW5lcy81Mi01NC0wMC0wMC0wMC0xMS5rZXkK'
  put
FILE='/etc/sextant/ready-when'
MODE='0644'
BYTES='Y29udGFpbmVyZC5zZXJ2aWNlCg=='
  put
FILE='/etc/sextant/report-token'
MODE='0600'
BYTES='c2VjcmV0IHJlcG9ydC10b2tlbgo='
  put
FILE='/etc/sextant/roles'
MODE='0644'
BYTES='d29ya2VyCg=='
  put
FILE='/etc/ssh/sshd_config.d/10-sextant.conf'
MODE='0644'
BYTES='QXV0aG9yaXplZEtleXNGaWxlIC5zc2gvYXV0aG9yaXplZF9rZXlzIC5zc2gvYXV0aG9yaXplZF9rZXlzLmQvaWduaXRpb24KUGFzc3dvcmRBdXRoZW50aWNhdGlvbiBubwpLYmRJbnRlcmFjdGl2ZUF1dGhlbnRpY2F0aW9uIG5vClBlcm1pdFJvb3RMb2dpbiBubwo='
  put
FILE='/etc/sudoers.d/sextant'
MODE='0440'
BYTES='Y29yZSBBTEw9KEFMTCkgTk9QQVNTV0Q6IEFMTAo='
  put
FILE='/etc/sysctl.d/90-sextant.conf'
MODE='0644'
BYTES='bmV0LmlwdjQuaXBfZm9yd2FyZCA9IDEKbmV0LmJyaWRnZS5icmlkZ2UtbmYtY2FsbC1pcHRhYmxlcyA9IDEKbmV0LmJyaWRnZS5icmlkZ2UtbmYtY2FsbC1pcDZ0YWJsZXMgPSAxCg=='
  put
FILE='/etc/systemd/system/containerd.service.d/10-sextant.conf'
MODE='0644'
BYTES='W1NlcnZpY2VdCkV4ZWNTdGFydD0KRXhlY1N0YXJ0PS91c3IvYmluL2NvbnRhaW5lcmQgLS1jb25maWcgL2V0Yy9jb250YWluZXJkL2NvbmZpZy50b21sCg=='
  put
FILE='/etc/systemd/system/sextant-configuring.service'
MODE='0644'
BYTES='W1VuaXRdCkRlc2NyaXB0aW9uPVRlbGwgdGhlIGJvb3RzdHJhcHBlciB0aGF0IHRoaXMgbm9kZSBjb25maWd1cmVzIGl0c2VsZgpXYW50cz1uZXR3b3JrLW9ubGluZS50YXJnZXQKQWZ0ZXI9bmV0d29yay1vbmxpbmUudGFyZ2V0CkJlZm9yZT1zZXh0YW50LXJlYWR5LnNlcnZpY2UKCltTZXJ2aWNlXQpUeXBlPW9uZXNob3QKUmVtYWluQWZ0ZXJFeGl0PXllcwpFbnZpcm9ubWVudD1UUklFUz00MApFeGVjU3RhcnQ9LS9iaW4vc2ggL29wdC9zZXh0YW50L3JlcG9ydCBjb25maWd1cmluZwpUaW1lb3V0U3RhcnRTZWM9MTUwClN0YW5kYXJkT3V0cHV0PWpvdXJuYWwrY29uc29sZQoKW0luc3RhbGxdCldhbnRlZEJ5PW11bHRpLXVzZXIudGFyZ2V0Cg=='
  put
FILE='/etc/systemd/system/sextant-ready.service'
MODE='0644'
BYTES='W1VuaXRdCkRlc2NyaXB0aW9uPVRlbGwgdGhlIGJvb3RzdHJhcHBlciB3aGVuIHRoaXMgbm9kZSBpcyByZWFkeQpXYW50cz1uZXR3b3JrLW9ubGluZS50YXJnZXQKQWZ0ZXI9bmV0d29yay1vbmxpbmUudGFyZ2V0IHNleHRhbnQtY29uZmlndXJpbmcuc2VydmljZQoKW1NlcnZpY2VdClR5cGU9ZXhlYwpSZW1haW5BZnRlckV4aXQ9eWVzCkV4ZWNTdGFydD0vYmluL3NoIC9vcHQvc2V4dGFudC9yZWFkeQpSZXN0YXJ0PW9uLWZhaWx1cmUKUmVzdGFydFNlYz01ClN0YW5kYXJkT3V0cHV0PWpvdXJuYWwrY29uc29sZQoKW0luc3RhbGxdCldhbnRlZEJ5PW11bHRpLXVzZXIudGFyZ2V0Cg=='
  put
FILE='/etc/systemd/timesyncd.conf.d/10-sextant.conf'
MODE='0644'
BYTES='W1RpbWVdCk5UUD0xMC4wLjAuMQpGYWxsYmFja05UUD0K'
  put
FILE='/opt/sextant/ready'
MODE='0755'
BYTES='IyEvYmluL3NoCiMgUmVwb3J0cyByZWFkeSBvbmNlIG5vdGhpbmcgaXMgbWlzc2luZy4gQWZ0ZXIgMTAgbWludXRlcyBpdCByZXBvcnRzIHdoYXQgc3RpbGwgaXMsIGFuZCBnb2VzIG9uIHdhaXRpbmcuCnNldCAtZXUKCkNMT0NLPSd5ZXMnCkJPT1RTVFJBUFBFUj0nYm9vdHN0cmFwcGVyLmNsdXN0ZXIuZXhhbXBsZScKQUREUkVTUz0nMTAuMC4wLjEnCkZPTERFUj0ke1NFWFRBTlRfRk9MREVSOi0vZXRjL3NleHRhbnR9ClJFUE9SVD0ke1NFWFRBTlRfUkVQT1JUOi0vb3B0L3NleHRhbnQvcmVwb3J0fQpQQVRJRU5DRT0ke1NFWFRBTlRfUEFUSUVOQ0U6LTYwMH0KCmNsb2NrX2lzX3NldCgpIHsKICBbICIkQ0xPQ0siID0gbm8gXSB8fCBbIC1lIC9ydW4vc3lzdGVtZC90aW1lc3luYy9zeW5jaHJvbml6ZWQgXSB8fCBbICIkKHRpbWVkYXRlY3RsIHNob3cgLS1wcm9wZXJ0eSBOVFBTeW5jaHJvbml6ZWQgLS12YWx1ZSAyPi9kZXYvbnVsbCkiID0geWVzIF0KfQoKIyBtaXNzaW5nOiBvbmUgbGluZSBmb3IgZWFjaCB0aGluZyB0aGF0IGtlZXBzIHRoaXMgbm9kZSBmcm9tIGJlaW5nIHJlYWR5LgptaXNzaW5nKCkgewogIGlmICEgY2xvY2tfaXNfc2V0OyB0aGVuIGVjaG8gInRoZSBjbG9jayBpcyBub3Qgc3luY2hyb25pc2VkIHdpdGggJEFERFJFU1MiOyBmaQogIGlmIFsgLW4gIiRCT09UU1RSQVBQRVIiIF0gJiYgISBnZXRlbnQgYWhvc3RzdjQgIiRCT09UU1RSQVBQRVIiIHwgY3V0IC1kJyAnIC1mMSB8IGdyZXAgLXF4RiAiJEFERFJFU1MiOyB0aGVuCiAgICBlY2hvICIkQk9PVFNUUkFQUEVSIGRvZXMgbm90IHJlc29sdmUgdG8gJEFERFJFU1MiCiAgZmkKICB3aGlsZSBJRlM9IHJlYWQgLXIgdW5pdDsgZG8KICAgIHN0YXRlPSQoc3lzdGVtY3RsIGlzLWFjdGl2ZSAiJHVuaXQiIDI+L2Rldi9udWxsKSB8fCA6CiAgICBbICIkc3RhdGUiID0gYWN0aXZlIF0gfHwgZWNobyAiJHVuaXQgaXMgJHtzdGF0ZTotdW5rbm93bn0iCiAgZG9uZSA8IiRGT0xERVIvcmVhZHktd2hlbiIKICBmb3IgY2hlY2sgaW4gIiRGT0xERVIiL3JlYWR5LmQvKjsgZG8KICAgIGlmIFsgLXggIiRjaGVjayIgXTsgdGhlbiAiJGNoZWNrIiB8fCBlY2hvICIkY2hlY2sgZW5kZWQgd2l0aCBhbiBlcnJvciI7IGZpCiAgZG9uZQp9CgojIFNlY29uZHMgc2luY2UgYm9vdDogdGhlIGNsb2NrIGl0c2VsZiBtYXkgc3RpbGwganVtcC4KdXB0aW1lKCkgeyBjdXQgLWQuIC1mMSAvcHJvYy91cHRpbWU7IH0KCnN0YXJ0ZWQ9JCh1cHRpbWUpCnRvbGQ9bm8Kc2Vlbj0nJwp3aGlsZSA6OyBkbwogIGxhY2tzPSQobWlzc2luZyB8IHRyICdcbicgJzsnIHwgc2VkIC1lICdzLzskLy8nIC1lICdzLzsvOyAvZycpCiAgaWYgWyAteiAiJGxhY2tzIiBdICYmIHNoICIkUkVQT1JUIiByZWFkeTsgdGhlbiBleGl0IDA7IGZpCiAgaWYgWyAiJGxhY2tzIiAhPSAiJHNlZW4iIF07IHRoZW4gd2FpdHM9JHtsYWNrczotdGhlIGJvb3RzdHJhcHBlciBoYXMgbm90IGhlYXJkIGl0IHlldH07IGVjaG8gInNleHRhbnQ6IHdhaXRzOiAke3dhaXRzI3dhaXRzOiB9IjsgZmkKICBzZWVuPSRsYWNrcwogICMgV2hhdCB3YWl0cyBmb3IgYW5vdGhlciBtYWNoaW5lIGlzIG5vdCBsYXRlIGl0c2VsZi4KICBjYXNlICRsYWNrcyBpbiAqJ3dhaXRzOiAnKikgc3RhcnRlZD0kKHVwdGltZSkgOzsgZXNhYwogIGlmIFsgIiR0b2xkIiA9IG5vIF0gJiYgWyAtbiAiJGxhY2tzIiBdICYmIFsgJCgoJCh1cHRpbWUpIC0gc3RhcnRlZCkpIC1nZSAiJFBBVElFTkNFIiBdOyB0aGVuCiAgICBpZiBzaCAiJFJFUE9SVCIgZmFpbGVkICJub3QgcmVhZHkgJFBBVElFTkNFIHMgYWZ0ZXIgaXRzIGJvb3Q6ICRsYWNrcyI7IHRoZW4gdG9sZD15ZXM7IGZpCiAgZmkKICBzbGVlcCAzCmRvbmUK'
  put
FILE='/opt/sextant/report'
MODE='0755'
BYTES='IyEvYmluL3NoCiMgcmVwb3J0IFBIQVNFIFtSRUFTT05dOiB0ZWxscyB0aGUgYm9vdHN0cmFwcGVyIHdoZXJlIHRoaXMgbm9kZSBzdGFuZHMuIFRSSUVTIHNheXMgaG93IG9mdGVuIChkZWZhdWx0OiBvbmNlKSwgMyBzIGFwYXJ0LgpzZXQgLWV1CgpIVFRQUz0naHR0cHM6Ly8xMC4wLjAuMScKTUFDPSc1Mi01NC0wMC0wMC0wMC0xMScKRk9MREVSPSR7U0VYVEFOVF9GT0xERVI6LS9ldGMvc2V4dGFudH0KCmlmIFsgISAtcyAiJEZPTERFUi9yZXBvcnQtdG9rZW4iIF07IHRoZW4KICBlY2hvICJzZXh0YW50OiAkMSR7MjorOiAkMn0gKG5vdCByZXBvcnRlZDogdGhpcyBtYWNoaW5lIGlzIG5vdCBsaXN0ZWQgYW5kIGhhcyBubyB0b2tlbikiCiAgZXhpdCAwCmZpCgp0ZWxsKCkgewogIHByaW50ZiAnQXV0aG9yaXphdGlvbjogQmVhcmVyICVzXG4nICIkKGNhdCAiJEZPTERFUi9yZXBvcnQtdG9rZW4iKSIgXAogICAgfCBjdXJsIC0tc2lsZW50IC0tc2hvdy1lcnJvciAtLWZhaWwgLS1jYWNlcnQgIiRGT0xERVIvY2EucGVtIiAtLWNvbm5lY3QtdGltZW91dCAxMCAtLW1heC10aW1lIDYwIC0tb3V0cHV0IC9kZXYvbnVsbCBcCiAgICAgIC0taGVhZGVyIEAtIC0tZGF0YS11cmxlbmNvZGUgInBoYXNlPSQxIiAkezI6Ky0tZGF0YS11cmxlbmNvZGUgInJlYXNvbj0kMiJ9ICIkSFRUUFMvcmVwb3J0LyRNQUMiCn0KCnRyaWVzPTEKdW50aWwgdGVsbCAiJEAiOyBkbwogIGlmIFsgIiR0cmllcyIgLWdlICIke1RSSUVTOi0xfSIgXTsgdGhlbgogICAgZWNobyAic2V4dGFudDogJEhUVFBTIHdhcyBub3QgdG9sZDogJDEiCiAgICBleGl0IDEKICBmaQogIHRyaWVzPSQoKHRyaWVzICsgMSkpCiAgc2xlZXAgMwpkb25lCmVjaG8gInNleHRhbnQ6IHJlcG9ydGVkICQxJHsyOis6ICQyfSIK'
  put
UNIT='containerd.service'
  switch_on
UNIT='sextant-configuring.service'
  switch_on
UNIT='sextant-ready.service'
  switch_on
UNIT='systemd-timesyncd.service'
  switch_on
  # Where SELinux is at home, what was written here needs its labels.
  if command -v restorecon >/dev/null; then restorecon -RF /etc /home /opt || echo 'labels could not be set'; fi
}

main
