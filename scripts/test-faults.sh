#!/usr/bin/env bash
# `bun run test:faults`: as root, if only in a namespace of its own, for a small disk is mounted and filled.
set -euo pipefail
cd "$(dirname "$0")/.."

bun install --frozen-lockfile --no-summary
tests=(bun test --timeout 900000 ./faults/*/*.faults.ts)

if [ "$(id -u)" -eq 0 ]; then
  "${tests[@]}"
elif unshare --map-root-user --mount true 2>/dev/null; then
  unshare --map-root-user --mount "${tests[@]}"
else
  sudo --preserve-env=CI,FAULTS env "PATH=$PATH" "${tests[@]}"
fi
