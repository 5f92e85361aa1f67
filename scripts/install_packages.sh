#!/bin/sh
# Installs packages of Debian or Ubuntu; fails where that is not possible.
#
#   scripts/install_packages.sh PACKAGE...
set -eu
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    if command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
        exec sudo -n "$0" "$@"
    fi
    echo "cannot install $*: this needs apt-get and root" >&2
    exit 1
fi
apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2
