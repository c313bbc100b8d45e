#!/usr/bin/env bash
# What tests the contracts, by lock: forge and solc from npm; slither and halmos from pip, each in an environment of
# its own, for they need different versions of the same packages. Does nothing where all is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
top=../../..

"$top/tools/setup.sh" dev
"$top/tools/node.sh"
for tool in slither halmos; do
    lock="$top/locks/$tool.txt"
    place=".cache/$tool"
    cmp -s "$lock" "$place/lock.txt" && continue
    echo "Installing $tool"
    rm -rf "$place"
    "$top/.venv/bin/python" -m venv "$place"
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock"
    cp "$lock" "$place/lock.txt"
done
