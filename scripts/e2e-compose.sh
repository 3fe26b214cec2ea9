#!/usr/bin/env bash
# `bun run e2e:compose`: each image alone, then the compose project from its start to the removal of its
# data, on SQLite and on PostgreSQL. Needs docker and curl. Prints "ok WHAT" for each check that passes, and
# ends at the first failure. IMAGES=loaded: tests the images that load-image.sh has loaded, and builds none.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
needs docker curl
cd "$(dirname "$0")/.."

# A project of its own, without .env and overrides and on free ports, touches no other project's data.
export COMPOSE_PROJECT_NAME=platform-e2e-$$ COMPOSE_FILE=compose.yaml COMPOSE_DISABLE_ENV_FILE=1
export USER_SERVICE_PUBLISH=127.0.0.1:0 ORDER_SERVICE_PUBLISH=127.0.0.1:0
if [ "${IMAGES:-}" = loaded ]; then
  BUILD_COMMIT=$(docker image inspect user-service:local \
    --format '{{index .Config.Labels "org.opencontainers.image.revision"}}')
else
  BUILD_COMMIT=${BUILD_COMMIT:-$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)}
fi
export BUILD_COMMIT

# Removes everything but the build cache, also after a failure.
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    docker compose ps --all
    docker compose logs --no-color --tail 100
  fi
  docker compose --progress quiet down --volumes --rmi local --timeout 5
  exit "$status"
}
trap finish EXIT

ok() { printf 'ok %s\n' "$*"; }

# url SERVICE: its published address, whose port is another one after each start.
url() { printf 'http://%s' "$(docker compose port "$1" 8000)"; }

# request STATUS CURL_ARGUMENT...: prints the body of the response, which must have that status.
request() {
  local expected=$1 response
  shift
  response=$(curl --silent --show-error --noproxy '*' --max-time 10 --write-out '\n%{http_code}' \
    --header 'Content-Type: application/json' "$@")
  if [ "${response##*$'\n'}" != "$expected" ]; then
    printf 'Expected status %s of %s, found %s\n' "$expected" "$*" "$response" >&2
    return 1
  fi
  printf '%s\n' "${response%$'\n'*}"
}

# contains TEXT PART: fails unless the part is in the text.
contains() {
  if [[ $1 != *"$2"* ]]; then
    printf 'Expected %s in %s\n' "$2" "$1" >&2
    return 1
  fi
}

# id_of JSON: prints the id in it.
id_of() { sed 's/.*"id":"\([^"]*\)".*/\1/' <<<"$1"; }

# image_alone SERVICE: runs its image with no privileges, no network and a read-only root.
image_alone() (
  service=$1
  image=$COMPOSE_PROJECT_NAME-$service
  inspect() { docker "$1" inspect --format "{{$2}}" "$3"; }
  label() { inspect image "index .Config.Labels \"org.opencontainers.image.$1\"" "$image"; }

  # PID 1 without network and capabilities, as a user unknown to the image, with one writable folder.
  container=$(docker create --network none --cap-drop ALL --security-opt no-new-privileges \
    --user 12345:12345 --read-only --tmpfs /data:uid=12345 "$image")
  trap 'docker rm --force --volumes "$container" >/dev/null' EXIT

  # An intruder could use a shell, a package manager, a runtime or source.
  found=$(docker export "$container" | tar --list |
    grep -E '/(sh|bash|dash|busybox|apt|apt-get|dpkg|apk|bun|node)$|\.(ts|js|sql)$|node_modules' || true)
  contains "[$found]" '[]'
  ok "$service: the image has no shell, no package manager and no source"

  # The labels of the image agree with its executable.
  version=$(docker run --rm --network none "$image" --version)
  contains "[$version]" "[$service $(label version) ($(label revision))]"
  contains "[$(inspect image .Config.User "$image")]" '[65532:65532]'
  ok "$service: the labels name the version and the commit, and the user is 65532"

  # Docker runs the health check of the image.
  docker start "$container" >/dev/null
  deadline=$((SECONDS + 30))
  until [ "$(inspect container .State.Health.Status "$container")" = healthy ]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      docker logs "$container"
      printf 'Expected %s to be healthy within 30 s\n' "$service" >&2
      exit 1
    fi
    sleep 0.2
  done
  ok "$service: it is healthy as any user, on a read-only root, without capabilities and network"

  # The kernel drops a signal to PID 1 that has no handler: Docker would then kill the process, status 137.
  docker stop --time 10 "$container" >/dev/null
  contains "[$(inspect container .State.ExitCode "$container")]" '[0]'
  ok "$service: as PID 1 it ends on SIGTERM with status 0"
)

# Neither the services nor Grafana and Prometheus authenticate a client, so no other machine may reach them
# unless a variable says so.
for files in compose.yaml compose.yaml:compose.monitoring.yaml \
  compose.yaml:compose.postgres.yaml:compose.monitoring.yaml; do
  defaults=$(env -u USER_SERVICE_PUBLISH -u ORDER_SERVICE_PUBLISH COMPOSE_FILE="$files" docker compose config)
  published=$(grep -c '^ *published: ' <<<"$defaults")
  contains "[$(grep -c '^ *host_ip: 127.0.0.1$' <<<"$defaults") of $published]" "[$published of $published]"
  ok "$files publishes $published ports by default, on 127.0.0.1 alone"
done

if [ "${IMAGES:-}" = loaded ]; then
  # Under the names that the project would give the images that it builds.
  for service in user-service order-service; do
    docker tag "$service:local" "$COMPOSE_PROJECT_NAME-$service"
  done
else
  docker compose --progress plain build
fi
image_alone user-service
image_alone order-service

# Both services are ready when `up --wait` returns.
docker compose --progress quiet up --detach --wait --wait-timeout 120
request 200 "$(url user-service)/ready" >/dev/null
request 200 "$(url order-service)/ready" >/dev/null
ok "both services become healthy"

# A user, and an order for that user.
user=$(request 201 "$(url user-service)/users" --data '{"name": "Alice", "email": "alice@example.com"}')
user_id=$(id_of "$user")
new_order='{"user_id": "'$user_id'", "items": [{"sku": "KB-87", "quantity": 2, "unit_price": 19.99},
  {"sku": "MS-01", "quantity": 1, "unit_price": 5.5}]}'
order=$(request 201 "$(url order-service)/orders" --data "$new_order")
order_id=$(id_of "$order")
contains "$order" '"total_amount":45.48'
ok "a user and an order are created over the published ports"

# The metrics of these requests.
metrics=$(request 200 "$(url user-service)/metrics")
contains "$metrics" 'http_requests_total{method="POST",endpoint="/users",status="201"} 1'
contains "$metrics" "commit=\"$BUILD_COMMIT\"} 1"
metrics=$(request 200 "$(url order-service)/metrics")
contains "$metrics" 'http_requests_total{method="POST",endpoint="/orders",status="201"} 1'
contains "$metrics" 'external_service_calls_total{service="user-service",status="200"} 1'
ok "the metrics count these requests and name the commit"

# New containers on the same volumes.
docker compose --progress quiet down
docker compose --progress quiet up --detach --wait --wait-timeout 120
contains "$(request 200 "$(url user-service)/users/$user_id")" "$user"
contains "$(request 200 "$(url order-service)/orders/$order_id")" "$order"
ok "down and up again keep the data"

# An outage of user-service.
docker compose --progress quiet stop user-service
problem=$(request 503 "$(url order-service)/orders" --data "$new_order")
contains "$problem" '"detail":"User service unavailable"'
request 200 "$(url order-service)/ready" >/dev/null
contains "$(request 200 "$(url order-service)/orders")" "[$order]"
docker compose --progress quiet up --detach --wait --wait-timeout 120
request 201 "$(url order-service)/orders" --data "$new_order" >/dev/null
ok "without user-service orders can be read and POST /orders gives 503; it recovers with user-service"

# A process that ends cleanly has status 0; a process that Docker has to kill has 137.
docker compose --progress quiet stop
containers=$(docker compose ps --all --quiet)
# shellcheck disable=SC2086 # a container for each word
statuses=$(docker inspect --format '{{.State.ExitCode}}' $containers)
contains "[${statuses//$'\n'/ }]" '[0 0]'
ok "both services stop with status 0"

docker compose --progress quiet down --volumes
volumes=$(docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")
contains "[$volumes]" '[]'
ok "down --volumes removes the data"

# shellcheck source=scripts/e2e-compose-postgres.sh
. scripts/e2e-compose-postgres.sh
