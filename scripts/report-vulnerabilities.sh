#!/usr/bin/env bash
# Keeps one issue of the repository that lists what the scanners have found: opens it, brings it up to
# date, or closes it when nothing is left. Needs bun and gh.
# Usage: report-vulnerabilities.sh FOLDER, which has the scanners' reports.
# GITHUB_REPOSITORY: OWNER/REPOSITORY. RUN_URL: the page of the run, for the issue.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs bun gh
if [ $# -ne 1 ]; then refuse "Name the folder of the reports"; fi
needs_variables GITHUB_REPOSITORY RUN_URL
folder=$1
title="Known vulnerabilities"
list=$(bun "$(dirname "$0")/vulnerabilities.ts" "$folder")

issues() { gh issue "$1" --repo "$GITHUB_REPOSITORY" "${@:2}"; }
open=$(issues list --state open --search "in:title \"$title\"" --json number,title \
  --jq "map(select(.title == \"$title\")) | .[0].number // empty")

if [ -z "$list" ]; then
  echo "No known vulnerability"
  if [ -n "$open" ]; then issues close "$open" --comment "The scan finds nothing any more: $RUN_URL"; fi
  exit
fi

printf '%s\n' "$list"
body=$(printf '%s\n\nFound by %s. The next scan brings this issue up to date.' "$list" "$RUN_URL")
if [ -n "$open" ]; then
  issues edit "$open" --body "$body"
else
  issues create --title "$title" --body "$body"
fi
