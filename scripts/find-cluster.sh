#!/usr/bin/env bash
# Tells whether the repository has a cluster to deploy to: prints known=true or known=false, also to
# GITHUB_OUTPUT. A copy of this repository has none at first, and its pushes pass all the same.
# KUBECONFIG_BASE64: the secret KUBECONFIG, empty if it is not set.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

known=true
if [ -z "${KUBECONFIG_BASE64:-}" ]; then
  known=false
  echo "::notice title=Not deployed::The environment \"production\" has no secret KUBECONFIG. docs/delivery.md says how to set it."
fi
echo "known=$known" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
