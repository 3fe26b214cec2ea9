#!/usr/bin/env bash
# Builds the image of a service into an archive, a tar of an OCI layout. load-image.sh runs what is in it
# and publish-image.sh publishes it, so the published image is the tested one, to the byte.
# Usage: build-image.sh SERVICE ARCHIVE
# PLATFORMS: the machines to build for, by default linux/amd64,linux/arm64. image-arguments.sh says which
# commit, source and bases the image has.
# Needs docker with a builder that writes OCI layouts, such as one of the driver docker-container.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs docker
if [ $# -ne 2 ]; then refuse "Name a service and an archive"; fi
service=$1
mkdir -p "$(dirname "$2")"
archive=$(realpath "$2")
cd "$(dirname "$0")/.."
if [ ! -f "$service/Dockerfile" ]; then refuse "Cannot build \"$service\": it has no Dockerfile"; fi

arguments=$(scripts/image-arguments.sh)
mapfile -t arguments <<<"$arguments"
# A provenance in the image would name the run that made it, and give each build another digest: the workflow
# attests the digest instead.
docker buildx build . --file "$service/Dockerfile" \
  --platform "${PLATFORMS:-linux/amd64,linux/arm64}" \
  "${arguments[@]/#/--build-arg=}" \
  --provenance=false --sbom=false \
  --output "type=oci,dest=$archive"
