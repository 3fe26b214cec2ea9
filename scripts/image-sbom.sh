#!/usr/bin/env bash
# Writes the list of what is in the image of a service, as CycloneDX, after the packages that it is read from
# are installed. Usage: image-sbom.sh SERVICE FILE
set -euo pipefail

service=${1:?Usage: image-sbom.sh SERVICE FILE}
file=$(realpath "${2:?Usage: image-sbom.sh SERVICE FILE}")
cd "$(dirname "$0")/.."

bun install --frozen-lockfile --no-summary
bun scripts/sbom.ts "$service" --out "$file"
