#!/usr/bin/env bash
# Signs images by digest with the identity of the GitHub workflow, so that there is no key to keep. On a
# developer's machine, cosign opens a browser to sign in.
# Usage: sign-images.sh IMAGE@sha256:... [...]
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

if [ $# -eq 0 ]; then refuse "Name an image by its digest"; fi
for image in "$@"; do
  case $image in
    *@sha256:*) ;;
    *) refuse "Cannot sign \"$image\": a tag can move, name a digest" ;;
  esac
done
needs cosign

for image in "$@"; do
  cosign sign --yes "$image"
done
