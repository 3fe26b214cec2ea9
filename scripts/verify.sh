#!/usr/bin/env bash
# Checks what runs on a cluster, with kubectl alone: is it up, which version is it, is each backup recent, and
# are the network policies enforced? Prints "ok WHAT" or "FAILED WHAT: WHAT TO DO" for each check, and ends with
# status 1 if one failed. Usage: verify.sh [OPTION OF KUBECTL...], such as --context and --namespace.
# For the last check a pod runs for some seconds in the services' namespace, under the label of Prometheus, which
# the policies admit, and one in the namespace STRANGER_NAMESPACE, by default "default". PROBE_IMAGE: a copy of
# their image, busybox:1.37, for a cluster that cannot pull that.
set -uo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs kubectl
case ${1:--} in -*) ;; *) refuse "Cannot use $1: an option of kubectl begins with -" ;; esac

services=(user-service order-service)
options=("$@")
stranger_namespace=${STRANGER_NAMESPACE:-default}
probe_image=${PROBE_IMAGE:-busybox:1.37}
permitted=verify-permitted-$$
stranger=verify-stranger-$$
failures=0

# Without options the array is empty, which the bash of macOS takes for an unset variable.
kube() { kubectl ${options[@]+"${options[@]}"} "$@"; }
in_stranger_namespace() { kube --namespace "$stranger_namespace" "$@"; }
ok() { printf 'ok %s\n' "$*"; }
failed() {
  printf 'FAILED %s\n' "$*"
  failures=$((failures + 1))
}

delete_probes() {
  kube delete pod "$permitted" --ignore-not-found --wait=false
  in_stranger_namespace delete pod "$stranger" --ignore-not-found --wait=false
} >/dev/null 2>&1

check_rollout() {
  local service=$1 reason ready
  if ! reason=$(kube rollout status "deployment/$service" --timeout=10s 2>&1); then
    failed "$service is not up: ${reason##*$'\n'}. See kubectl describe pods -l app.kubernetes.io/name=$service"
    return
  fi
  ready=$(kube get deployment "$service" -o jsonpath='{.status.readyReplicas}')
  if [ -n "$ready" ]; then
    ok "$service is up: $ready pods are ready"
  else
    failed "$service is not up: it has no replicas. See kubectl scale deployment/$service --replicas=2"
  fi
}

image_of() { kube get "$1" -o jsonpath="{$2.spec.containers[0].image}" 2>/dev/null; }

# What a command prints, or why it fails. kubectl may write messages of its own beside an answer: they count if it
# fails.
answer_of() { "$@" 2>/dev/null || "$@" 2>&1; }

check_version() {
  local service=$1 pods versions
  pods=$(kube get pods -l "app.kubernetes.io/name=$service" --field-selector=status.phase=Running \
    -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}')
  versions=$(for pod in $pods; do answer_of kube exec "$pod" -c "$service" -- "$service" --version; done | sort -u)
  case $versions in
    "$service "*$'\n'*) failed "$service runs in several versions: ${versions//$'\n'/, }. Wait for the rollout, or roll back: kubectl rollout status deployment/$service" ;;
    "$service "*) ok "every pod runs $versions, of the image $(image_of "deployment/$service" .spec.template)" ;;
    *) failed "$service does not say which version it is: ${versions:-no pod runs}. See kubectl get pods -l app.kubernetes.io/name=$service" ;;
  esac
}

# When the last backup succeeded: by the CronJob of SQLite, or else by CloudNativePG. Fails if kubectl does.
last_backup() {
  local service=$1 database=${1%-service}s-db cronjob
  if ! cronjob=$(kube get cronjob "$service-backup" --ignore-not-found -o name); then
    return 1
  elif [ -n "$cronjob" ]; then
    kube get "$cronjob" -o jsonpath='{.status.lastSuccessfulTime}'
  else
    kube get backups.postgresql.cnpg.io -o \
      jsonpath='{range .items[?(@.status.phase=="completed")]}{.spec.cluster.name} {.status.stoppedAt}{"\n"}{end}' |
      sed -n "s/^$database //p" | sort | tail -n 1
  fi
}

check_backup() {
  local service=$1 last limit backup_image image
  # The schedule is nightly. Times in this form sort as text.
  limit=$(date -u -d '25 hours ago' +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v-25H +%Y-%m-%dT%H:%M:%SZ)
  if ! last=$(answer_of last_backup "$service"); then
    failed "when $service was last backed up is unknown: ${last##*$'\n'}. See k8s/README.md, Back up"
  elif [ -z "$last" ]; then
    failed "$service has no backup that succeeded. Make one: kubectl create job $service-backup-now --from=cronjob/$service-backup, or on PostgreSQL: kubectl cnpg backup"
  elif [[ $last < $limit ]]; then
    failed "the last backup of $service that succeeded is of $last. See kubectl get jobs, and kubectl logs of the one that failed"
  else
    ok "the last backup of $service is of $last"
  fi
  backup_image=$(image_of "cronjob/$service-backup" .spec.jobTemplate.spec.template)
  image=$(image_of "deployment/$service" .spec.template)
  if [ -n "$backup_image" ] && [ "$backup_image" != "$image" ]; then
    failed "the backup of $service runs $backup_image, the service $image. Apply both from one version of the manifests"
  fi
}

probe_pod() {
  cat <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: $1
  labels:
    app.kubernetes.io/name: $2
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  # If this script is killed, the pod ends by itself.
  activeDeadlineSeconds: 300
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: probe
      image: $probe_image
      command: [sleep, "300"]
      resources:
        requests: { cpu: 10m, memory: 16Mi }
        limits: { cpu: 100m, memory: 64Mi }
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
YAML
}

start_probes() {
  probe_pod "$permitted" prometheus | kube create -f - &&
    probe_pod "$stranger" verify-stranger | in_stranger_namespace create -f - &&
    kube wait --for=condition=Ready "pod/$permitted" --timeout=2m &&
    in_stranger_namespace wait --for=condition=Ready "pod/$stranger" --timeout=2m
} 2>&1

# Prints "served", "refused" if no connection was made, or else what went wrong, which proves nothing.
result_of() {
  local output
  if output=$("$@" 2>&1); then
    echo served
    return
  fi
  case $output in
    *"timed out"* | *"Connection refused"* | *"Connection reset"* | *unreachable* | *"not permitted"*) echo refused ;;
    *) echo "${output//$'\n'/ }" ;;
  esac
}

check_policies() {
  local service=$1 address url before after strangers
  # By address, so that DNS has no part in it.
  address=$(kube get service "$service" -o jsonpath='{.spec.clusterIP}')
  [[ $address != *:* ]] || address="[$address]"
  url=http://$address:8000/health
  before=$(result_of kube exec "$permitted" -- wget -q -T 5 -O /dev/null "$url")
  strangers=$(result_of in_stranger_namespace exec "$stranger" -- wget -q -T 5 -O /dev/null "$url")
  # The same client is served before and after, so that the refusal has no other cause.
  after=$(result_of kube exec "$permitted" -- wget -q -T 5 -O /dev/null "$url")
  case "$before $strangers $after" in
    "served refused served") ok "the network policies of $service are enforced: a pod that they admit is served, a pod of $stranger_namespace is refused" ;;
    "served served served") failed "the network policies of $service are not enforced: it serves a pod of $stranger_namespace. The cluster needs a network plugin that enforces them; see also kubectl get networkpolicies" ;;
    "served "*" served") failed "whether the network policies of $service are enforced is unknown: the stranger's pod says: $strangers" ;;
    *) failed "$service does not serve a pod that its network policies admit: $before, then $after. See kubectl describe networkpolicy $service" ;;
  esac
}

if ! reason=$(kube get pods -o name 2>&1); then
  # kubectl prints its log before the reason, and after it where its own help is.
  reason=$(grep -v -e '^[EIW][0-9]' -e '^See ' <<<"$reason" | tail -n 1)
  failed "the cluster does not say what runs: ${reason%[.?]}. See kubectl config current-context"
  exit 1
fi

for service in "${services[@]}"; do check_rollout "$service"; done
for service in "${services[@]}"; do check_version "$service"; done
for service in "${services[@]}"; do check_backup "$service"; done

trap delete_probes EXIT
if reason=$(start_probes); then
  for service in "${services[@]}"; do check_policies "$service"; done
else
  failed "whether the network policies are enforced is unknown: the pods that are to connect did not start: ${reason##*$'\n'}. If the cluster cannot pull $probe_image, name a copy in PROBE_IMAGE"
fi

[ "$failures" -eq 0 ]
