#!/usr/bin/env bash
# Signs images by digest with the identity of the GitHub workflow, so that there is no key to keep. On a
# developer's machine, cosign opens a browser to sign in.
# Usage: sign-images.sh IMAGE@sha256:... [...]
set -euo pipefail

for image in "$@"; do
  case $image in
    *@sha256:*) ;;
    *)
      echo "Cannot sign \"$image\": a tag can move, name a digest" >&2
      exit 2
      ;;
  esac
done

for image in "$@"; do
  cosign sign --yes "$image"
done
