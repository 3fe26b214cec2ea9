#!/usr/bin/env bash
# Loads what build-image.sh has built for this machine's platform into Docker, as SERVICE:local. Needs
# docker and skopeo. Usage: load-image.sh SERVICE ARCHIVE
set -euo pipefail

service=${1:?Usage: load-image.sh SERVICE ARCHIVE}
archive=${2:?Usage: load-image.sh SERVICE ARCHIVE}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# One platform, in the older format: every engine loads that, and so does kind.
skopeo copy --quiet "oci-archive:$archive" "docker-archive:$scratch/image.tar:$service:local"
docker load --quiet --input "$scratch/image.tar"
