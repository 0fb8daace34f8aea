#!/bin/sh
# Follows /etc/kubernetes until this node is a member: kubeadm's files say how far it is, also when an attempt is cleared away.
set -eu
umask 077

ADDRESS='10.0.0.11'
MANIFEST='/etc/kubernetes/sextant/kube-vip.yaml'
ETC=${SEXTANT_KUBERNETES:-/etc/kubernetes}
MANIFESTS=$ETC/manifests

# The card that has this node's address.
card() { ip -4 -o address show to "$ADDRESS" | sed -n 's/^[0-9]*: *\([^ ]*\) .*/\1/p' | head -n 1; }

# place CREDENTIALS: kubelet takes no file that begins with a dot, so the manifest appears whole.
place() {
  mkdir -p "$MANIFESTS"
  sed -e "s|@INTERFACE@|$interface|" -e "s|@CREDENTIALS@|/etc/kubernetes/$1|" "$MANIFEST" >"$MANIFESTS/.kube-vip.yaml"
  if cmp -s "$MANIFESTS/.kube-vip.yaml" "$MANIFESTS/kube-vip.yaml"; then
    rm "$MANIFESTS/.kube-vip.yaml"
    return 0
  fi
  mv "$MANIFESTS/.kube-vip.yaml" "$MANIFESTS/kube-vip.yaml"
  echo "sextant: kube-vip uses $1"
}

interface=''
until [ -n "$interface" ]; do
  interface=$(card)
  if [ -z "$interface" ]; then sleep 2; fi
done

until [ -e "$ETC/sextant/member" ]; do
  if [ -e "$ETC/super-admin.conf" ]; then
    # While a cluster is founded the administrator may do nothing yet (Kubernetes 1.29 and later); only the founder has this file.
    place super-admin.conf
  elif [ -e "$ETC/admin.conf" ]; then
    place admin.conf
  else
    rm -f "$MANIFESTS/kube-vip.yaml"
  fi
  sleep 2
done
place admin.conf
