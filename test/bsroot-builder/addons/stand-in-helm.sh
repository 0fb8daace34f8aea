#!/bin/sh
# Stands in for helm in tests: refuses what helm would refuse, and renders a Deployment of the image that the values name.
set -eu
[ "$1" = template ] || { echo "Error: unknown command" >&2; exit 1; }
release="$2"
archive="$3"
shift 3
while [ $# -gt 0 ]; do
  case "$1" in
    --namespace) namespace="$2"; shift 2 ;;
    --kube-version) version="$2"; shift 2 ;;
    --values) values="$2"; shift 2 ;;
    --include-crds | --skip-tests) shift ;;
    *) echo "Error: unknown flag: $1" >&2; exit 1 ;;
  esac
done
tar tzf "$archive" >/dev/null
image="$(sed -n 's/^image: *//p' "$values")"
[ -n "$image" ] || { echo "Error: execution error at (web/templates/web.yaml:1:4): image is required" >&2; exit 1; }
cat <<YAML
---
apiVersion: v1
kind: Secret
metadata: { name: $release }
data: { password: aHVudGVyMg== }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: $release, labels: { for: "$version in $namespace" } }
spec:
  selector: { matchLabels: { app: $release } }
  template:
    metadata: { labels: { app: $release } }
    spec: { containers: [{ name: web, image: "$image" }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: $release-farewell, annotations: { helm.sh/hook: pre-delete } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: job, image: example.com/never:1 }] } } }
YAML
