#!/usr/bin/env bash
# mirror.sh OUT FROM...: what a node of Kubernetes needs, in OUT, laid out as on the internet: OUT/dl.k8s.io/..., OUT/github.com/..., OUT/<registry>/v2/...
# FROM has one release (release/vX.Y.Z/bin/linux/amd64/*.zst with .sha256) and its images (images/*.oci.tar); the rest is Debian's.
set -euo pipefail
out=$1
shift
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d "$out.work.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
step() { echo "kubernetes: $1 (${SECONDS} s)"; }

step "programs of the releases"
folders=() archives=()
for from in "$@"; do
  folders+=("$from"/release/v*/bin/linux/amd64)
  archives+=("$from"/images/*.oci.tar)
done
for folder in "${folders[@]}"; do
  to=$out/dl.k8s.io/release/${folder##*/release/}
  mkdir -p "$to"
  for file in "$folder"/*.zst; do
    name=$(basename "$file" .zst)
    zstd -q -d "$file" -o "$to/$name"
    cp "$folder/$name.sha256" "$to/"
    echo "$(cat "$to/$name.sha256")  $to/$name" | sha256sum --quiet -c -
  done
  # Which images it needs besides its own is read from its source; here it is asked.
  version=$(basename "${folder%/bin/*}")
  constants=$out/raw.githubusercontent.com/kubernetes/kubernetes/$version/cmd/kubeadm/app/constants
  mkdir -p "$constants"
  install -m 755 "$to/kubeadm" "$work/kubeadm"
  "$work/kubeadm" config images list --kubernetes-version "$version" |
    sed -nE 's/.*\/(coredns|etcd|pause):(.*)/\1 = "\2"/p' |
    sed 's/^coredns/CoreDNSVersion/; s/^etcd/DefaultEtcdVersion/; s/^pause/PauseVersion/' >"$constants/constants.go"
done

step "container images"
for archive in "${archives[@]}"; do
  rm -rf "$work/image"
  mkdir "$work/image"
  tar -xf "$archive" -C "$work/image"
  node --import tsx one-thread.ts "$work/image"
  # One line for each image: its digest and its name.
  node -e 'for (const { digest, annotations } of JSON.parse(require("fs").readFileSync(process.argv[1])).manifests)
    console.log(digest, annotations["io.containerd.image.name"])' "$work/image/index.json" |
    while read -r digest name; do
      place=${name%:*}
      to=$out/${place%%/*}/v2/${place#*/}
      mkdir -p "$to/manifests" "$to/blobs"
      cp "$work/image/blobs/sha256/${digest#sha256:}" "$to/manifests/${name##*:}"
      for blob in "$work"/image/blobs/sha256/*; do
        cp "$blob" "$to/blobs/sha256:$(basename "$blob")"
        ln -f "$to/blobs/sha256:$(basename "$blob")" "$to/manifests/"
      done
    done
done

step "Debian's containerd, runc, CNI plugins and etcd"
chmod 755 "$work"
(cd "$work" && apt-get -q=2 download containerd runc containernetworking-plugins etcd-server etcd-client 2>/dev/null)
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/debian"; done
# The upstream version inside Debian's: 1.6.20~ds1-1+deb12u1+b1.
version() { dpkg-deb -f "$work/$1"_*.deb Version | sed -E 's/^[0-9]+://; s/[~+-].*//'; }

# release PROJECT VERSION FILE SUMS: a file made here, where the project would have it, with the hashes it publishes beside it.
release() {
  local folder=$out/github.com/$1/releases/download/v$2
  mkdir -p "$folder"
  mv "$work/made" "$folder/$3"
  (cd "$folder" && sha256sum "$3" >"$4")
}
containerd=$(version containerd) runc=$(version runc) cni=$(version containernetworking-plugins) etcd=$(version etcd-server)
mkdir -p "$work/containerd/bin"
cp "$work"/debian/usr/bin/{containerd,containerd-shim-runc-v2,ctr} "$work/containerd/bin/"
tar -czf "$work/made" -C "$work/containerd" bin
release containerd/containerd "$containerd" "containerd-$containerd-linux-amd64.tar.gz" "containerd-$containerd-linux-amd64.tar.gz.sha256sum"
cp "$work/debian/usr/sbin/runc" "$work/made"
release opencontainers/runc "$runc" runc.amd64 runc.sha256sum
tar -czf "$work/made" -C "$work/debian/usr/lib/cni" --exclude=debian .
release containernetworking/plugins "$cni" "cni-plugins-linux-amd64-v$cni.tgz" "cni-plugins-linux-amd64-v$cni.tgz.sha256"
mkdir -p "$work/etcd-v$etcd-linux-amd64"
cp "$work"/debian/usr/bin/{etcd,etcdctl} "$work/etcd-v$etcd-linux-amd64/"
tar -czf "$work/made" -C "$work" "etcd-v$etcd-linux-amd64"
release etcd-io/etcd "$etcd" "etcd-v$etcd-linux-amd64.tar.gz" SHA256SUMS
# Debian has no crictl, and kubeadm wants one.
install -m 755 "$here/crictl" "$work/crictl"
tar -czf "$work/made" -C "$work" crictl
release kubernetes-sigs/cri-tools 1.20.0 crictl-v1.20.0-linux-amd64.tar.gz crictl-v1.20.0-linux-amd64.tar.gz.sha256

cat >"$out/versions.json" <<JSON
{ "containerd": "$containerd", "runc": "$runc", "cniPlugins": "$cni", "etcd": "$etcd", "crictl": "1.20.0" }
JSON
step done
