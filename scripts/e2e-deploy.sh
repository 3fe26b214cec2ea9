#!/usr/bin/env bash
# deploy.sh on the cluster of the current kubeconfig: good, missing and broken images, the first deploy, an
# interruption, two deploys at once. Uses a namespace of its own.
# Usage: e2e-deploy.sh USER_IMAGE ORDER_IMAGE BROKEN_ORDER_IMAGE, each of them NAME@sha256:... and on the cluster
# or in a registry that it reaches. The last starts and ends with an error, or never gets ready.
# Prints "ok WHAT" for each check that passes, and ends at the first failure.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."

needs bun kubectl
if [ $# -ne 3 ]; then refuse "Name three images"; fi
user=$1
order=$2
broken=$3
missing=${order%@*}@sha256:$(printf '0%.0s' {1..64})

export NAMESPACE=platform-e2e-deploy VERIFY=none
scratch=$(mktemp -d)
created=false

kube() { kubectl --namespace "$NAMESPACE" "$@"; }
ok() { printf 'ok %s\n' "$*"; }
fail() {
  printf 'not ok %s\n' "$*" >&2
  exit 1
}

finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then kube get all || true; fi
  if [ "$created" = true ]; then kubectl delete namespace "$NAMESPACE" --wait=false || true; fi
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT

# deploy STATUS IMAGE...: deploys, with that exit status.
deploy() {
  local expected=$1 status=0
  shift
  scripts/deploy.sh "$@" || status=$?
  if [ "$status" -ne "$expected" ]; then fail "deploy.sh exited with $status, not $expected"; fi
}

# Everything that a deploy manages, without what the cluster counts.
state() {
  kube get serviceaccounts,configmaps,services,deployments,cronjobs,ingresses,networkpolicies \
    --output jsonpath='{range .items[*]}{.kind} {.metadata.name} {.metadata.labels} {.spec} {.data}{"\n"}{end}' |
    grep -v -e 'ConfigMap kube-root-ca.crt' -e 'ServiceAccount default'
}

# unchanged WHAT: the state is that in the file "before", and the pods of both services are ready.
unchanged() {
  state >"$scratch/after"
  diff "$scratch/before" "$scratch/after" || fail "$1"
  for service in user-service order-service; do
    kube rollout status "deployment/$service" --timeout 1m
  done
  ok "$1"
}

kubectl create namespace "$NAMESPACE"
created=true
TIMEOUT=20s deploy 1 "$user" "$missing"
if [ -n "$(state)" ]; then fail "A first deploy that fails has left $(state)"; fi
ok "a first deploy that fails leaves nothing but volume claims"

TIMEOUT=3m deploy 0 "$user" "$order"
state >"$scratch/before"
unchanged "both services run"

TIMEOUT=40s deploy 1 "$user" "$missing"
unchanged "a missing image is taken back"

# The deploy sets two replicas again, so it changes both services.
kube scale deployment/user-service --replicas 3
kube rollout status deployment/user-service --timeout 1m
state >"$scratch/before"
TIMEOUT=40s deploy 1 "$user" "$broken"
unchanged "a service that was changed and is fine is put back with one that is broken"

# rollout_begun IMAGE: waits until order-service is to run the image.
rollout_begun() {
  kube wait deployment/order-service --timeout 1m \
    --for=jsonpath='{.spec.template.spec.containers[0].image}'="$1"
}

TIMEOUT=3m scripts/deploy.sh "$user" "$missing" &
first=$!
rollout_begun "$missing"
deploy 1 "$user" "$order"
ok "a second deploy at the same time is refused"
kill -TERM "$first"
status=0
wait "$first" || status=$?
if [ "$status" -ne 1 ]; then fail "deploy.sh exited with $status after SIGTERM"; fi
unchanged "an interrupted deploy is taken back"

TIMEOUT=3m scripts/deploy.sh "$user" "$missing" &
killed=$!
rollout_begun "$missing"
kill -KILL "$killed"
wait "$killed" || true
deploy 0 --undo
unchanged "--undo takes back a deploy that was killed"

VERIFY=all REPOSITORY=example/unsigned deploy 1 "$user" "$order"
unchanged "images without the signature of the repository are refused"
