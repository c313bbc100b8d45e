#!/usr/bin/env bash
# A renter's own Python in .venv-notebook, from a hash-pinned lock: Spark Connect's client, DuckDB and TPC-H's generator.
# Does nothing where it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=locks/notebook.txt
stamp=.venv-notebook/sparecloud
sum=$(sha256sum <"$lock" | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && exit 0
echo "Installing the packages of $lock"
.venv/bin/python -m venv --clear .venv-notebook
pip=(.venv-notebook/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps)
# pyspark-client comes as a source distribution: it is built with the locked setuptools, not with the newest.
sed -n '/^setuptools==/,/[^\\]$/p' "$lock" >.venv-notebook/setuptools.txt
"${pip[@]}" -r .venv-notebook/setuptools.txt
"${pip[@]}" --no-build-isolation -r "$lock"
echo "$sum" >"$stamp"
