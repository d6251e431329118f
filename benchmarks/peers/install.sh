#!/bin/sh
# Installs the peers that are Debian packages, where they are missing and root asks; elsewhere they are left out.
set -eu

missing=""
command -v nginx >/dev/null || missing="$missing nginx"
[ -e /usr/lib/nginx/modules/ngx_nchan_module.so ] || missing="$missing libnginx-mod-nchan"
command -v pushpin >/dev/null || missing="$missing pushpin"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "Left out, since only root can install them here:$missing"
	exit 0
fi
# Their services are not wanted: the benchmarks start the programs themselves, with configurations of their own.
policy=/usr/sbin/policy-rc.d
[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && trap 'rm -f $policy' EXIT; }
apt-get update -qq
# shellcheck disable=SC2086 # one word for each package
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null || echo "Left out:$missing"
