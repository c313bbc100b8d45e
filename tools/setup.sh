#!/usr/bin/env bash
# The virtual environment, from hash-pinned locks: `tools/setup.sh demo` or `tools/setup.sh dev` (which holds demo's too).
# Does nothing where it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-demo}
lock="locks/$want.txt"
stamp=".venv/sparecloud-$want"
sum=$(cat "$lock" pyproject.toml | sha256sum | cut -d' ' -f1)
[ "$want" = demo ] && [ -f .venv/sparecloud-dev ] && stamp=.venv/sparecloud-dev &&
    sum=$(cat locks/dev.txt pyproject.toml | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && exit 0

find_python() {
    for name in python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 is needed, and none was found. Install it (on Debian or Ubuntu: apt install python3 python3-venv)." >&2
    exit 2
}

if [ ! -x .venv/bin/python ]; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "Installing python$version-venv"
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
        else
            echo "Python $version lacks its venv module. Install it: sudo apt install python$version-venv" >&2
            exit 2
        fi
    fi
    echo "Making the virtual environment with $("$python" --version)"
    "$python" -m venv .venv
fi
.venv/bin/python -c "import pip" 2>/dev/null || .venv/bin/python -m ensurepip >/dev/null
echo "Installing the packages of $lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$sum" >".venv/sparecloud-$want"
