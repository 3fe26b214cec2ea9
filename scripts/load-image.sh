#!/usr/bin/env bash
# Loads what build-image.sh has built for this machine's platform into Docker, as SERVICE:local. Needs
# docker and skopeo. Usage: load-image.sh SERVICE ARCHIVE
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs skopeo docker
if [ $# -ne 2 ]; then refuse "Name a service and an archive"; fi
service=$1
archive=$2
if [ ! -f "$archive" ]; then refuse "There is no $archive: build-image.sh makes it"; fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# One platform, in the older format: every engine loads that, and so does kind.
skopeo copy --quiet "oci-archive:$archive" "docker-archive:$scratch/image.tar:$service:local"
docker load --quiet --input "$scratch/image.tar"
