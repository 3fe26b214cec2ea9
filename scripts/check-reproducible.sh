#!/usr/bin/env bash
# `bun run check:reproducible`: builds what is in the work tree twice, each time in another folder and with
# packages of its own, and fails unless both builds give the same bytes. What differs between two builds
# cannot be told from what an attacker has put into one of them.
# Usage: check-reproducible.sh [--image [NAME=value...]]
# --image: the image of one service as well, with these build arguments. Needs a Docker engine.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."

# The service whose image is built. The Dockerfiles of the services differ by the name alone.
service=user-service
scratch=$(mktemp -d)
image=reproducible-$$
arguments=()
finish() {
  rm -rf "$scratch"
  if [ ${#arguments[@]} -gt 0 ]; then docker image rm "$image" >/dev/null 2>&1 || true; fi
}
trap finish EXIT

if [ $# -gt 0 ] && [ "$1" != --image ]; then refuse "Cannot use $1"; fi
if [ "${1:-}" = --image ]; then
  needs docker
  # The image says when it was made. A fixed time, unless an argument says another.
  for argument in SOURCE_DATE_EPOCH=0 BUILD_COMMIT=reproducible "${@:2}"; do
    arguments+=(--build-arg "$argument")
  done
fi

for folder in one another/deeper; do
  source=$scratch/$folder
  mkdir -p "$source"
  git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$source"
  cd "$source"
  bun install --frozen-lockfile --production --no-summary
  BUILD_COMMIT=reproducible bun scripts/build.ts --outdir dist
  if [ ${#arguments[@]} -gt 0 ]; then
    docker buildx build --progress plain --no-cache --load --provenance=false --tag "$image" \
      "${arguments[@]}" --file "$service/Dockerfile" . >"$scratch/log" 2>&1 || {
      cat "$scratch/log"
      exit 1
    }
    # The digest stands last: it differs whatever differs before it.
    docker image inspect "$image" >"dist/image of $service" \
      --format '{{.Created}} {{json .Config}} {{json .RootFS.Layers}} {{.Id}}'
  fi
  cd - >/dev/null
done

# excerpt FILE BYTE: prints what stands around that byte.
excerpt() {
  local start=$(($2 > 60 ? $2 - 60 : 0))
  dd if="$1" bs=1 skip="$start" count=120 2>/dev/null | LC_ALL=C tr -c '[:print:]' .
}

status=0
for file in "$scratch"/one/dist/*; do
  name=${file##*/}
  other=$scratch/another/deeper/dist/$name
  if cmp -s "$file" "$other"; then
    printf 'ok %s: two builds are identical\n' "$name"
    continue
  fi
  # Without a byte that differs, one of the files is longer.
  read -r differing first < <(cmp -l "$file" "$other" 2>/dev/null | awk 'NR == 1 { at = $1 } END { print NR, at }')
  if [ "$differing" -gt 0 ]; then found="differ in $differing bytes"; else found="have different lengths"; fi
  printf 'FAILED %s: two builds %s. Look for what writes a path, a time or an id here:\n' "$name" "$found"
  printf '  %s\n' "$(excerpt "$file" "${first:-0}")" "$(excerpt "$other" "${first:-0}")"
  status=1
done
[ "$status" -eq 0 ]
