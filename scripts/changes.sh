#!/usr/bin/env bash
# Decides what a change can break, for the jobs of the CI/CD workflow: code=true, or code=false if nothing
# but documentation has changed. Prints it, and writes it to GITHUB_OUTPUT.
# BASE: the commit to compare the checkout with; by default the last commit of main that passed the
# workflow, for which gh asks GitHub. A push whose run failed counts for the next run that way. Without such a
# commit, as at the first push to a repository, and if it is a newer one, everything counts as changed.
# GITHUB_REPOSITORY: OWNER/REPOSITORY, by default the one that the checkout comes from.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"
cd "$(dirname "$0")/.."

can_break_code() {
  case $1 in
    # Tests with faults run the configurations that these pages show.
    docs/behind-a-proxy.md | docs/postgresql.md) ;;
    # All other tests of pages are in `bun run test`, which runs for every change.
    *.md | LICENSE) return 1 ;;
  esac
}

last_passed() {
  local commit
  commit=$(gh run list --repo "${GITHUB_REPOSITORY:-}" --workflow ci-cd.yml --branch main --event push \
    --status success --limit 1 --json headSha --jq '.[].headSha')
  if git merge-base --is-ancestor "$commit" HEAD; then echo "$commit"; fi
}

code=true
base=${BASE:-$(last_passed || true)}
if git rev-parse --quiet --verify "${base:-none}^{commit}" >/dev/null; then
  # In a file, because bash does not see the status of a process substitution: with a git that fails, nothing
  # would have changed.
  changed=$(mktemp)
  trap 'rm -f "$changed"' EXIT
  git diff --name-only --no-renames -z "$base" HEAD >"$changed"
  code=false
  while IFS= read -r -d '' file; do
    if can_break_code "$file"; then
      code=true
      echo "$file can break code"
    fi
  done <"$changed"
fi
echo "code=$code" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
