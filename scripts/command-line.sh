# shellcheck shell=bash
# The command line of a script, which sources this file first: on --help the script prints the comment at its
# head, and ends. Also what a script says if it is called in a way that cannot work.

print_head() { awk 'NR > 1 { if (!sub(/^# ?/, "")) exit; print }' "$0"; }

# refuse REASON: ends the script with status 2, because the command line or a variable is wrong.
refuse() {
  printf '%s\n\n' "$1" >&2
  print_head >&2
  exit 2
}

# needs PROGRAM...: ends the script with status 1 if one is not installed.
needs() {
  local program
  for program in "$@"; do
    if ! command -v "$program" >/dev/null; then
      printf 'Cannot find %s: install it. %s needs %s\n' "$program" "${0##*/}" "$*" >&2
      exit 1
    fi
  done
}

# needs_variables NAME...: refuses unless each is set. It may be empty.
needs_variables() {
  local name
  for name in "$@"; do
    if [ -z "${!name+set}" ]; then refuse "Set $name"; fi
  done
}

if [ "${1:-}" = --help ]; then
  print_head
  exit
fi
