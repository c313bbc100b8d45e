#!/usr/bin/env bash
# The laboratory: `tools/lab.sh scenarios [PYTEST OPTIONS]` and `tools/lab.sh chaos SEED MINUTES` (docs/laboratory.md).
# Linux and root only: it makes network namespaces, and a Docker engine in each.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    echo "The laboratory makes network namespaces: run it as root on Linux." >&2
    exit 2
fi
# Debian's package of each program that the laboratory calls.
packages=""
for tool in ip:iproute2 iptables:iptables nsenter:util-linux setpriv:util-linux dockerd:docker.io docker-init:docker.io \
    losetup:mount sysctl:procps; do
    command -v "${tool%%:*}" >/dev/null || packages+=" ${tool##*:}"
done
if [ -n "$packages" ]; then
    command -v apt-get >/dev/null || {
        echo "The laboratory needs what Debian has in these packages:$packages" >&2
        exit 2
    }
    echo "Installing$packages"
    apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi
export QT_QPA_PLATFORM=offscreen
case "${1:-}" in
scenarios) exec .venv/bin/python -m pytest tests/lab --no-header --tb=short -v "${@:2}" ;;
chaos) exec .venv/bin/python -m tests.lab.chaos --seed "$2" --minutes "$3" ;;
*)
    echo "usage: tools/lab.sh scenarios [PYTEST OPTIONS] | chaos SEED MINUTES" >&2
    exit 2
    ;;
esac
