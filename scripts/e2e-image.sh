#!/usr/bin/env bash
# Runs the image of a service with no privileges, no network and a read-only root. Needs docker.
# Usage: e2e-image.sh IMAGE. Prints "ok WHAT" for each check that passes, and ends at the first failure.
set -euo pipefail

image=$1
label() { docker image inspect --format "{{index .Config.Labels \"org.opencontainers.image.$1\"}}" "$image"; }
service=$(label title)

ok() { printf 'ok %s: %s\n' "$service" "$*"; }
fail() {
  printf '%s: %s\n' "$service" "$*" >&2
  exit 1
}

# PID 1 without network and capabilities, as a user unknown to the image, with one writable folder.
container=$(docker create --network none --cap-drop ALL --security-opt no-new-privileges \
  --user 12345:12345 --read-only --tmpfs /data:uid=12345 "$image")
trap 'docker rm --force --volumes "$container" >/dev/null' EXIT

# An intruder could use a shell, a package manager, a runtime or source.
found=$(docker export "$container" | tar --list |
  grep -E '/(sh|bash|dash|busybox|apt|apt-get|dpkg|apk|bun|node)$|\.(ts|js|sql)$|node_modules' || true)
[ -z "$found" ] || fail "Expected no shell, package manager or source, found $found"
ok "the image has no shell, no package manager and no source"

# The labels of the image agree with its executable.
version=$(docker run --rm --network none "$image" --version)
[ "$version" = "$service $(label version) ($(label revision))" ] || fail "Expected the labels to name $version"
[ "$(docker image inspect --format '{{.Config.User}}' "$image")" = 65532:65532 ] || fail "Expected 65532 as its user"
ok "the labels name the version and the commit, and the user is 65532"

# Docker runs the health check of the image.
docker start "$container" >/dev/null
deadline=$((SECONDS + 30))
until [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = healthy ]; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    docker logs "$container"
    fail "Expected it to be healthy within 30 s"
  fi
  sleep 0.2
done
ok "it is healthy as any user, on a read-only root, without capabilities and network"

# The kernel drops a signal to PID 1 that has no handler: Docker would then kill the process, status 137.
docker stop --time 10 "$container" >/dev/null
status=$(docker inspect --format '{{.State.ExitCode}}' "$container")
[ "$status" -eq 0 ] || fail "Expected status 0 after SIGTERM, found $status"
ok "as PID 1 it ends on SIGTERM with status 0"
