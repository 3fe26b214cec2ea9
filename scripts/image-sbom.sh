#!/usr/bin/env bash
# Writes the list of what is in the image of a service, as CycloneDX, after the packages that it is read from
# are installed. Usage: image-sbom.sh SERVICE FILE
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs bun
if [ $# -ne 2 ]; then refuse "Name a service and a file"; fi
service=$1
file=$(realpath "$2")
cd "$(dirname "$0")/.."

bun install --frozen-lockfile --no-summary
bun scripts/sbom.ts "$service" --out "$file"
