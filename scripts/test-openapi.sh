#!/usr/bin/env bash
# `bun run test:openapi`: lints both API documents as other people's tools do, generates a client from
# each, compiles the clients, and calls both services with them. The tools are installed here and are no
# dependencies of the project: they are 205 packages, and all others together are 186.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/openapi"

bun install --frozen-lockfile --no-summary
bun generate.ts
tsc --project .
bun test --timeout 60000 "$@" ./*.openapi.ts
