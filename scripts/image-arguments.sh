#!/usr/bin/env bash
# Prints the build arguments of a published image of this commit, NAME=value on each line. The same
# arguments give the same image again. Usage: image-arguments.sh [--record]
# BUILD_SOURCE: the address of the repository for the image's label, unless a GitHub workflow has one.
# A digest that scripts/bases/Dockerfile lacks is taken from the registry; --record writes it there.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."
bases=scripts/bases/Dockerfile
option=${1:-}
case $option in "" | --record) ;; *) refuse "Cannot use $option" ;; esac

# digest STAGE: prints the digest of the image that this stage of scripts/bases/Dockerfile starts from.
digest() {
  local image found
  image=$(sed -n "s/^FROM \([^ ]*\) AS $1\$/\1/p" "$bases")
  if [[ $image != *@* ]]; then
    echo "$bases has no digest of $image: asking the registry" >&2
    if ! found=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image"); then
      echo "Cannot read the digest of $image. Write it into $bases, as FROM $image@sha256:... AS $1" >&2
      return 1
    fi
    if [ "$option" = --record ]; then
      sed -i.old "s|^FROM $image AS |FROM $image@$found AS |" "$bases" && rm "$bases.old"
    fi
    image=$image@$found
  fi
  printf '%s' "${image#*@}"
}

bun_digest=$(digest bun)
base_digest=$(digest base)
cat <<ARGUMENTS
BUILD_COMMIT=$(git rev-parse HEAD)
BUILD_SOURCE=${BUILD_SOURCE:-${GITHUB_REPOSITORY:+$GITHUB_SERVER_URL/$GITHUB_REPOSITORY}}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
BUN_DIGEST=$bun_digest
BASE_DIGEST=$base_digest
ARGUMENTS
