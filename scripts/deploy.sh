#!/usr/bin/env bash
# Puts both services, by digest, on the cluster that the current kubeconfig names, waits until they
# have rolled out, and rolls back both if one does not.
# Usage: deploy.sh USER_SERVICE_IMAGE ORDER_SERVICE_IMAGE
# KUBECONFIG_BASE64: a kubeconfig to use instead, in base64. NAMESPACE: where to; the context's own
# if left out. TIMEOUT: how long a rollout may take (5m).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -ne 2 ]; then
  echo "Usage: deploy.sh USER_SERVICE_IMAGE ORDER_SERVICE_IMAGE" >&2
  exit 2
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ -n "${KUBECONFIG_BASE64:-}" ]; then
  (umask 077 && base64 -d <<<"$KUBECONFIG_BASE64" >"$scratch/kubeconfig")
  export KUBECONFIG=$scratch/kubeconfig
fi

kube() { kubectl ${NAMESPACE:+--namespace "$NAMESPACE"} "$@"; }

# An overlay of its own, so that the checkout stays as it is.
mkdir "$scratch/overlay"
cp -R k8s "$scratch/k8s"
cat >"$scratch/overlay/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../k8s]
images:
  - name: ghcr.io/example/user-service
    newName: ${1%@*}
    digest: ${1#*@}
  - name: ghcr.io/example/order-service
    newName: ${2%@*}
    digest: ${2#*@}
YAML

# user-service first in the wait: order-service asks it.
kube apply -k "$scratch/overlay"
for service in user-service order-service; do
  if ! kube rollout status "deployment/$service" --timeout "${TIMEOUT:-5m}"; then
    echo "The rollout of $service failed, rolling back" >&2
    kube describe pods -l "app.kubernetes.io/name=$service" >&2 || true
    for deployed in order-service user-service; do
      kube rollout undo "deployment/$deployed" || true
    done
    exit 1
  fi
done
