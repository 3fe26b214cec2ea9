#!/usr/bin/env bash
# Deploys images, by digest, to the cluster of the current kubeconfig, waits for every rollout, and rolls
# back all services if one rollout fails. An image has the name of its service: REGISTRY/SERVICE@DIGEST.
# Usage: deploy.sh IMAGE@sha256:... [...]; a service that others call comes before them.
# KUBECONFIG_BASE64: a kubeconfig to use instead, in base64. NAMESPACE: the namespace, by default the one
# in the kubeconfig's context. TIMEOUT: how long a rollout may take, by default 5m.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
  echo "Usage: deploy.sh IMAGE@sha256:... [...]" >&2
  exit 2
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ -n "${KUBECONFIG_BASE64:-}" ]; then
  (umask 077 && base64 -d <<<"$KUBECONFIG_BASE64" >"$scratch/kubeconfig")
  export KUBECONFIG=$scratch/kubeconfig
fi

kube() { kubectl ${NAMESPACE:+--namespace "$NAMESPACE"} "$@"; }

# An overlay outside the checkout, which stays unchanged.
mkdir "$scratch/overlay"
cp -R k8s "$scratch/k8s"
cat >"$scratch/overlay/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../k8s]
images:
YAML
services=()
for image in "$@"; do
  name=${image%@*}
  service=${name##*/}
  services+=("$service")
  cat >>"$scratch/overlay/kustomization.yaml" <<YAML
  - name: ghcr.io/example/$service
    newName: $name
    digest: ${image#*@}
YAML
done

kube apply -k "$scratch/overlay"
for service in "${services[@]}"; do
  if ! kube rollout status "deployment/$service" --timeout "${TIMEOUT:-5m}"; then
    echo "The rollout of $service failed, rolling back" >&2
    kube describe pods -l "app.kubernetes.io/name=$service" >&2 || true
    for deployed in "${services[@]}"; do
      kube rollout undo "deployment/$deployed" || true
    done
    exit 1
  fi
done
