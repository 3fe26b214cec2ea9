#!/usr/bin/env bash
# `bun run e2e:kind CLUSTER`: the manifests on a cluster. They apply where Pod Security is "restricted",
# roll out under load without a failed request, make backups, and admit only the pods that their policies list.
# Then deploy.sh deploys, and takes back what fails (e2e-deploy.sh). Needs docker (28 or later), kind, kubectl, bun,
# and a kind cluster whose CNI enforces NetworkPolicy, as the default one does. Prints "ok WHAT" for each check that
# passes, and ends at the first failure.
# IMAGES=loaded: tests the images that load-image.sh has loaded, and builds none.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."

needs docker kind kubectl bun
if [ $# -ne 1 ]; then refuse "Name a kind cluster: kind create cluster --name NAME makes one"; fi
cluster=$1
bun_image=oven/bun:1.4.5
probe_image=busybox:1.37
node=linux/$(docker version --format '{{.Server.Arch}}')
scratch=$(mktemp -d)
platform="platform-e2e"
# The policies admit an ingress controller from this namespace: the load runs there, under its label.
outside=ingress-nginx
created=()

kube() { kubectl --context "kind-$cluster" "$@"; }
ok() { printf 'ok %s\n' "$*"; }

finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    kube --namespace "$platform" get pods --output wide || true
    kube --namespace "$platform" describe pods | tail -n 80 || true
    kube --namespace "$platform" logs --selector app.kubernetes.io/part-of=bun-elysia-platform --tail 50 || true
    kube --namespace "$outside" logs load || true
  fi
  # Nothing that was there before: the cluster may have an ingress controller.
  if [ ${#created[@]} -gt 0 ]; then kube delete namespace "${created[@]}" --wait=false || true; fi
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT

# Load the images into the cluster. `kind load docker-image` looks for every platform that a pulled image has,
# and Docker 29 has pulled one (kubernetes-sigs/kind#3795).
load() {
  docker save --platform "$node" --output "$scratch/image.tar" "$1"
  kind load image-archive --name "$cluster" "$scratch/image.tar"
}
for service in user-service order-service; do
  if [ "${IMAGES:-}" != loaded ]; then docker build --file "$service/Dockerfile" --tag "$service:local" .; fi
  load "$service:local"
done
for image in "$bun_image" "$probe_image"; do
  docker pull --quiet --platform "$node" "$image"
  load "$image"
done

# Both services, in a namespace with the strictest Pod Security.
for namespace in "$outside" "$platform"; do
  kube create namespace "$namespace"
  created+=("$namespace")
done
kube label namespace "$platform" pod-security.kubernetes.io/enforce=restricted
kube --namespace "$platform" apply --kustomize k8s/overlays/local
rolled_out() {
  for service in user-service order-service; do
    kube --namespace "$platform" rollout status "deployment/$service" --timeout 3m
  done
}
rolled_out
ok "both services roll out under Pod Security restricted"

# Send requests while Kubernetes replaces every pod of both services.
kube --namespace "$outside" create configmap load --from-file scripts/e2e-load.ts
kube --namespace "$outside" apply --filename - <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: load
  labels:
    app.kubernetes.io/name: ingress-nginx
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 30
  containers:
    - name: load
      image: $bun_image
      command: [bun, /load/e2e-load.ts, "http://user-service.$platform:8000", "http://order-service.$platform:8000"]
      volumeMounts: [{ name: load, mountPath: /load }]
  volumes: [{ name: load, configMap: { name: load } }]
YAML
kube --namespace "$outside" wait --for=condition=Ready pod/load --timeout 1m
kube --namespace "$platform" rollout restart deployment/user-service deployment/order-service
rolled_out
kube --namespace "$outside" exec load -- sh -c 'kill -TERM 1'
kube --namespace "$outside" wait --for=jsonpath='{.status.phase}'=Succeeded pod/load --timeout 1m
kube --namespace "$outside" logs load
ok "a rollout of both under load fails no request"

# A backup of each database, by the CronJob's Job.
for service in user-service order-service; do
  kube --namespace "$platform" create job "$service-backup-now" --from "cronjob/$service-backup"
  kube --namespace "$platform" wait --for=condition=Complete "job/$service-backup-now" --timeout 2m
done
for service in user-service order-service; do
  # The controller writes it into the CronJob, some time after the Job is complete.
  kube --namespace "$platform" wait --for=jsonpath='{.status.lastSuccessfulTime}' "cronjob/$service-backup" --timeout 1m
done
ok "both databases have a backup"

# Up, in one version, with a recent backup; and a pod that the policies admit is served while one that they do
# not admit is refused.
PROBE_IMAGE=$probe_image scripts/verify.sh --context "kind-$cluster" --namespace "$platform"
ok "scripts/verify.sh finds nothing wrong"

# deploy.sh takes images by digest. by_digest IMAGE SERVICE: gives an image of the node such a name, under which
# it needs no registry, and prints the name.
node_images() { docker exec "$cluster-control-plane" ctr --namespace k8s.io images "$@"; }
by_digest() {
  local digest
  digest=$(node_images ls "name==$1" | awk 'NR == 2 { print $3 }')
  node_images tag "$1" "registry.invalid/e2e/$2@$digest" >&2
  printf 'registry.invalid/e2e/%s@%s' "$2" "$digest"
}
user_image=$(by_digest docker.io/library/user-service:local user-service)
order_image=$(by_digest docker.io/library/order-service:local order-service)
# Bun's own image is no order-service: it prints its usage and ends.
broken_image=$(by_digest "docker.io/$bun_image" order-service)
kind get kubeconfig --name "$cluster" >"$scratch/kubeconfig"
KUBECONFIG=$scratch/kubeconfig scripts/e2e-deploy.sh "$user_image" "$order_image" "$broken_image"
