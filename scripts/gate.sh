#!/usr/bin/env bash
# Passes if every job before it has succeeded, or was rightly skipped: the one status check that a branch
# needs to require. GitHub counts a skipped job as passed, also one that was skipped after a failure.
# CODE: the output of changes.sh; RESULTS: a line for each job, WHEN NAME RESULT, where WHEN is "always",
# or "code" for a job that is skipped when nothing but documentation has changed.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

needs_variables CODE RESULTS
status=0
while read -r when name result; do
  if [ -z "$when" ]; then continue; fi
  expected=success
  if [ "$when" = code ] && [ "$CODE" = false ]; then expected=skipped; fi
  if [ "$result" = "$expected" ]; then
    echo "ok $name: $result"
  else
    echo "::error title=$name::Expected $expected, found ${result:-no result}"
    status=1
  fi
done <<<"$RESULTS"
exit "$status"
