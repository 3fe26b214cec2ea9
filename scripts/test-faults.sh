#!/usr/bin/env bash
# `bun run test:faults [FOLDER...]`: the tests in these folders of faults/, or in all of them. They mount
# a small disk and fill it, for which they have to be root, if only in a namespace of their own.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."

files=()
# shellcheck disable=SC2206 # the names of files have no blanks
for folder in "${@:-*}"; do files+=(./faults/$folder/*.faults.ts); done

# The longest test takes a minute in a fast run, and ten in a full one. A test that hangs is reported by
# its name when its time is over.
seconds=900
if [ "${FAULTS:-}" = fast ]; then seconds=180; fi
# Of the tests that may wait beside each other: more would take the time of a small machine's cores from
# each other.
tests=(bun test --timeout "${seconds}000" --max-concurrency 10 "${files[@]}")

if [ "$(id -u)" -eq 0 ]; then
  "${tests[@]}"
elif unshare --map-root-user --mount true 2>/dev/null; then
  unshare --map-root-user --mount "${tests[@]}"
else
  sudo --preserve-env=CI,FAULTS env "PATH=$PATH" "${tests[@]}"
fi
