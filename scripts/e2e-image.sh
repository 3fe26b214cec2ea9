#!/usr/bin/env bash
# e2e-image.sh IMAGE: an image of a service, run as strictly as it may be anywhere. Needs docker.
# Prints "ok WHAT" for each thing that holds; the first that does not ends it.
set -euo pipefail

image=$1
label() { docker image inspect --format "{{index .Config.Labels \"org.opencontainers.image.$1\"}}" "$image"; }
service=$(label title)

ok() { printf 'ok %s: %s\n' "$service" "$*"; }
fail() {
  printf '%s: %s\n' "$service" "$*" >&2
  exit 1
}

# No internet, no privilege, a user that the image does not know, one folder to write to, and PID 1.
container=$(docker create --network none --cap-drop ALL --security-opt no-new-privileges \
  --user 12345:12345 --read-only --tmpfs /data:uid=12345 "$image")
trap 'docker rm --force --volumes "$container" >/dev/null' EXIT

# What an intruder would look for.
found=$(docker export "$container" | tar --list |
  grep -E '/(sh|bash|dash|busybox|apt|apt-get|dpkg|apk|bun|node)$|\.(ts|js|sql)$|node_modules' || true)
[ -z "$found" ] || fail "Expected no shell, package manager or source, found $found"
ok "the image has no shell, no package manager and no source"

# The labels of the image and the words of the executable.
version=$(docker run --rm --network none "$image" --version)
[ "$version" = "$service $(label version) ($(label revision))" ] || fail "Its labels do not say $version"
[ "$(docker image inspect --format '{{.Config.User}}' "$image")" = 65532:65532 ] || fail "It is not for 65532"
ok "the labels tell the version and the commit, and the user is 65532"

# Healthy is what its own health check says.
docker start "$container" >/dev/null
deadline=$((SECONDS + 30))
until [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = healthy ]; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    docker logs "$container"
    fail "It is not healthy after 30 s"
  fi
  sleep 0.2
done
ok "it serves any user, on a read-only root, with no capability and no network"

# The kernel sends PID 1 no signal that it has no handler for: status 137 would be that of a kill.
docker stop --time 10 "$container" >/dev/null
status=$(docker inspect --format '{{.State.ExitCode}}' "$container")
[ "$status" -eq 0 ] || fail "Expected status 0 when it is stopped, found $status"
ok "as PID 1 it stops when it is told to"
