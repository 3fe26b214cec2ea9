#!/usr/bin/env bash
# Installs the programs that tests start, proxies above all, from the packages of Debian or Ubuntu, as
# root or with sudo. No program is started as a service. Installs nothing if all of them are there.
set -euo pipefail
# shellcheck source=scripts/command-line.sh
. "$(dirname "$0")/command-line.sh"

PATH=$PATH:/usr/local/sbin:/usr/sbin
missing=()
# Pairs of a program and its package.
for pair in nginx:nginx haproxy:haproxy varnishd:varnish caddy:caddy prometheus:prometheus \
  amtool:prometheus-alertmanager pgbouncer:pgbouncer; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -eq 0 ]; then exit; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi

# Packages start their services when they are installed, unless this file exists and fails.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}
apt update
apt install --yes --no-install-recommends "${missing[@]}"
