# shellcheck shell=bash
# compose.postgres.yaml with three replicas of each service. e2e-compose.sh runs this, with its functions,
# its project and its images.
export COMPOSE_FILE=compose.yaml:compose.postgres.yaml

# up REPLICAS: starts so many of each service, or stops those beyond.
up() {
  docker compose --progress quiet up --detach --wait --wait-timeout 120 \
    --scale "user-service=$1" --scale "order-service=$1"
}

# through_proxy SERVICE: the address that the proxy publishes, whose port is another one after each start.
through_proxy() {
  local port=8000
  if [ "$1" = order-service ]; then port=8001; fi
  printf 'http://%s' "$(docker compose port proxy "$port")"
}

# replicas_that_served SERVICE PATH: how many of them have logged a request for that path.
replicas_that_served() {
  docker compose logs --no-color "$1" | grep -F "\"path\":\"$2\"" | grep -o "$1-[0-9]* *|" | sort -u | wc -l
}

# as_role ROLE DATABASE SQL: prints what the server responds to the role, errors too.
as_role() {
  docker compose exec --no-TTY database psql --host 127.0.0.1 --no-psqlrc --tuples-only --no-align \
    "user=$1 dbname=$2 passfile=/dev/null password=$(password "$1")" --command "$3" 2>&1 || true
}
password() { docker compose exec --no-TTY database cat "/run/passwords/$1"; }

docker compose --progress plain build proxy
up 3
users=$(through_proxy user-service)
orders=$(through_proxy order-service)
user=$(request 201 "$users/users" --data '{"name": "Alice", "email": "alice@example.com"}')
user_id=$(id_of "$user")
new_order='{"user_id": "'$user_id'", "items": [{"sku": "KB-87", "quantity": 2, "unit_price": 19.99}]}'
order=$(request 201 "$orders/orders" --data "$new_order")
order_id=$(id_of "$order")
for _ in {1..9}; do
  contains "$(request 200 "$users/users/$user_id")" "$user"
  contains "$(request 200 "$orders/orders/$order_id")" "$order"
done
contains "[$(replicas_that_served user-service "/users/$user_id")]" '[3]'
contains "[$(replicas_that_served order-service "/orders/$order_id")]" '[3]'
ok "PostgreSQL: each of three replicas serves what another one stored"

# A password in a container's settings, an image or a log is a password for every user of the engine.
shown=$(
  docker compose ps --all --quiet | xargs docker inspect
  docker compose images --quiet | sort -u | xargs docker image inspect
  docker compose logs --no-color
)
for name in postgres users orders; do
  secret=$(password "$name")
  contains "[${#secret}]" '[64]'
  if [[ $shown == *"$secret"* ]]; then
    printf 'Found the password of %s in a container, an image or a log\n' "$name" >&2
    exit 1
  fi
done
ok "PostgreSQL: no container, image or log shows a password"

contains "[$(as_role users users 'SELECT count(*) FROM users')]" '[1]'
contains "$(as_role orders users 'SELECT count(*) FROM users')" 'permission denied for database'
contains "$(as_role users postgres 'SELECT 1')" 'permission denied for database'
contains "$(as_role users users 'CREATE DATABASE more')" 'permission denied to create database'
contains "$(as_role users users 'DROP DATABASE users')" 'must be owner of database'
ok "PostgreSQL: the role of a service reaches its own tables and nothing else"

# An outage of the database.
docker compose --progress quiet stop database
for address in "$users/users" "$orders/orders"; do
  problem=$(request 503 "$address")
  contains "$problem" '"code":"storage-unavailable"'
  request 200 "${address%/*}/health" >/dev/null
done
docker compose --progress quiet start database
# curl repeats a 503 after the second that Retry-After says.
request 201 "$orders/orders" --data "$new_order" --retry 30 >/dev/null
contains "$(request 200 "$users/users/$user_id")" "$user"
ok "PostgreSQL: without it both services respond 503 and live; they recover with it"

# A replica less of each, while requests come in.
stopped=$(mktemp)
{ up 2 && rm "$stopped"; } &
while [ -e "$stopped" ] && kill -0 $! 2>/dev/null; do
  request 200 "$users/users/$user_id" >/dev/null
done
wait $!
contains "[$(docker compose ps --quiet user-service | wc -l)]" '[2]'
ok "PostgreSQL: a replica is stopped under load, and no request fails"

# New containers on the same volumes, and so with the same passwords.
docker compose --progress quiet down
up 1
contains "$(request 200 "$(through_proxy user-service)/users/$user_id")" "$user"
contains "$(request 200 "$(through_proxy order-service)/orders/$order_id")" "$order"
ok "PostgreSQL: down and up again keep the data"

docker compose --progress quiet stop
statuses=$(docker compose ps --all --quiet | xargs docker inspect --format '{{.State.ExitCode}}' | sort -u)
contains "[$statuses]" '[0]'
ok "PostgreSQL: every container stops with status 0"

docker compose --progress quiet down --volumes
volumes=$(docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")
contains "[$volumes]" '[]'
ok "PostgreSQL: down --volumes removes the data and the passwords"
