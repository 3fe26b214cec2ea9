#!/bin/sh
# Makes the passwords of PostgreSQL and the URLs that have them, each where there is none yet: see
# compose.postgres.yaml. Prints none of them.
set -eu
umask 077

# write FILE GROUP: stores standard input under that name, whole or not at all, readable to the group.
write() {
  cat >"$1.new"
  chgrp "$2" "$1.new"
  chmod 440 "$1.new"
  mv "$1.new" "$1"
}

# password NAME: makes a password of 256 bits. Hexadecimal digits need no escape in a URL.
password() {
  [ -s "/passwords/$1" ] ||
    head -c 32 /dev/urandom | od -A n -t x1 | tr -d ' \n' | write "/passwords/$1" postgres
}

# url SERVICE DATABASE: makes the URL for a service. 65532 is the group of its image.
url() {
  password "$2"
  printf 'postgres://%s:%s@database:5432/%s' "$2" "$(cat "/passwords/$2")" "$2" |
    write "/urls/$1/database_url" 65532
}

password postgres
url user-service users
url order-service orders
