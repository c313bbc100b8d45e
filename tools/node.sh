#!/usr/bin/env bash
# The Solidity compiler and OpenZeppelin, from npm and by lock: only who checks or changes a contract needs them.
set -euo pipefail
cd "$(dirname "$0")/../core/chain/contracts"
if ! command -v npm >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing Node.js"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
    else
        echo "Node.js 18 or newer with npm is needed to compile the contracts. On Debian or Ubuntu: sudo apt install nodejs npm" >&2
        exit 2
    fi
fi
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent
