#!/usr/bin/env bash
# Writes locks/*.txt anew from pyproject.toml: every package pinned with hashes, for every platform, naming no index.
# Needs uv on PATH (pip install uv).
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--quiet --universal --python-version 3.11 --prerelease if-necessary-or-explicit --generate-hashes --no-header --no-annotate)
uv pip compile "${options[@]}" --extra demo --extra solver --extra build --extra dev pyproject.toml -o locks/dev.txt
# Tools that need other versions than ours of the same packages: each has an environment of its own.
echo "slither-analyzer==0.11.6" | uv pip compile "${options[@]}" - -o locks/slither.txt
echo "halmos==0.3.3" | uv pip compile "${options[@]}" - -o locks/halmos.txt
uv pip compile "${options[@]}" --extra demo --extra build -c locks/dev.txt pyproject.toml -o locks/demo.txt
uv pip compile "${options[@]}" locks/notebook.in -o locks/notebook.txt
