#!/usr/bin/env bash
# Publishes what build-image.sh has built, unchanged, as ghcr.io/OWNER/REPOSITORY/SERVICE:sha-COMMIT, and
# prints its name and digest, which it also writes to GITHUB_OUTPUT. Needs skopeo, and a login to the
# registry. Usage: publish-image.sh SERVICE ARCHIVE
# GITHUB_REPOSITORY: OWNER/REPOSITORY. GITHUB_SHA: the commit. REGISTRY: another than ghcr.io. ATTESTED:
# whether the workflow can attest the image afterwards; if it is false, a notice says so.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs skopeo
if [ $# -ne 2 ]; then refuse "Name a service and an archive"; fi
service=$1
archive=$2
if [ ! -f "$archive" ]; then refuse "There is no $archive: build-image.sh makes it"; fi
needs_variables GITHUB_REPOSITORY GITHUB_SHA
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A registry takes lower case alone; GitHub keeps the capitals of an owner.
name=${REGISTRY:-ghcr.io}/${GITHUB_REPOSITORY,,}/$service
skopeo copy --all --preserve-digests --retry-times 3 --digestfile "$scratch/digest" \
  "oci-archive:$archive" "docker://$name:sha-$GITHUB_SHA"
digest=$(cat "$scratch/digest")
tee -a "${GITHUB_OUTPUT:-/dev/null}" <<OUTPUTS
name=$name
digest=$digest
$service=$name@$digest
OUTPUTS
if [ "${ATTESTED:-true}" = false ]; then
  echo "::notice title=Not attested::$service is published and signed, without an attestation: GitHub attests for private repositories of an Enterprise Cloud plan alone. docs/delivery.md says more."
fi
