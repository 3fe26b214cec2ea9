#!/usr/bin/env bash
# Tells whether to deploy the commit of the checkout: prints deploy=true, or deploy=false and a notice if a newer
# commit has been deployed, as when a reviewer approves the run of an older one after it. Also writes that to
# GITHUB_OUTPUT. Needs git with the whole history, and gh, which asks GitHub for the last 100 deployments to
# the environment "production".
# GITHUB_REPOSITORY: OWNER/REPOSITORY. REDEPLOY: the full id of a commit that is deployed in any case.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."

needs git gh
needs_variables GITHUB_REPOSITORY
commit=$(git rev-parse HEAD)
deployments=repos/$GITHUB_REPOSITORY/deployments

# Both functions stand in a condition, in which bash goes on after a failure: they end the script themselves.

# is_newer COMMIT. The commit of an old deployment may be on no branch any more.
is_newer() {
  local status=0
  if [ "$1" = "$commit" ] || ! git cat-file -e "$1^{commit}" 2>/dev/null; then return 1; fi
  git merge-base --is-ancestor "$commit" "$1" || status=$?
  if [ "$status" -gt 1 ]; then exit "$status"; fi
  return "$status"
}

# has_succeeded ID: a later deployment leaves "success" among the states, beside "inactive".
has_succeeded() {
  local states
  states=$(gh api "$deployments/$1/statuses?per_page=100" --jq '.[].state') || exit 1
  grep --quiet --line-regexp success <<<"$states"
}

deploy=true
found=$(gh api "$deployments?environment=production&per_page=100" --jq '.[] | "\(.id) \(.sha)"')
while read -r id other; do
  if [ -z "$id" ] || [ "${REDEPLOY:-}" = "$commit" ]; then break; fi
  if is_newer "$other" && has_succeeded "$id"; then
    echo "::notice title=Not deployed::$commit is older than $other, which has been deployed. docs/delivery.md says how to go back on purpose."
    deploy=false
    break
  fi
done <<<"$found"
echo "deploy=$deploy" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
