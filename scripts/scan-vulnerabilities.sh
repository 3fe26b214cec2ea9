#!/usr/bin/env bash
# Asks the npm registry for vulnerabilities of the packages in both lockfiles, and saves the images for
# osv-scanner. Writes to reports/ and images/. Needs bun, and what build-image.sh and load-image.sh need.
# vulnerabilities.ts reads the reports.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
needs bun docker skopeo
cd "$(dirname "$0")/.."
mkdir -p reports images

# The status is 1 if something is found, and also if the registry does not respond: then there is no report.
audit() { (cd "$1" && bun audit --json) >"$2" || cat "$2"; }
audit . reports/packages.audit.json
audit scripts/openapi reports/openapi.audit.json

for service in user-service order-service; do
  # As it is published, for one platform: the other one has the same packages.
  PLATFORMS=linux/amd64 scripts/build-image.sh "$service" "images/$service.oci.tar"
  scripts/load-image.sh "$service" "images/$service.oci.tar"
  docker save --output "images/$service.tar" "$service:local"
done
