#!/usr/bin/env bash
# Tests the contracts: `contracts.sh COMMAND [CONTRACT] [FORGE OPTION...]`.
#   setup      what the other commands need, by lock: forge and solc from npm, slither and halmos from pip
#   test       every test, few runs; with CONTRACT only the tests in test/CONTRACT, which alone are compiled
#   long       every test with 10,000 fuzz runs and 1000 x 100 invariant calls, everything below, and a record of it
#   coverage   fails below 100 % of lines and branches
#   symbolic   proves every check_ function with halmos
#   mutants    breaks the contracts as test/mutants/*.toml says; some test must notice each
#   slither    fails on a finding of high or medium impact
#   artifacts  fails unless the tests run the very bytes that core/chain/artifacts/ ships
#   format     writes the sources as forge formats them; `format --check` only looks
#   tree       compares test/*/*.tree with the contracts' functions and the tests
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/@foundry-rs/forge-linux-amd64/bin:$PATH"

command=${1:-}
shift || true
contract=
if [ $# -gt 0 ] && [ -d "test/$1" ]; then
    contract=$1
    shift
fi
if [ -n "$contract" ]; then
    # A folder of its own, so that a contract's tests run while another contract does not compile.
    export FOUNDRY_SRC="test/$contract" FOUNDRY_TEST="test/$contract"
    export FOUNDRY_OUT=".cache/forge/$contract/out" FOUNDRY_CACHE_PATH=".cache/forge/$contract/cache"
fi

tool() {
    (cd ../../.. && .venv/bin/python -m "core.chain.contracts.tools.$1" "${@:2}")
}

case $command in
    setup | "") ;;
    *)
        command -v forge >/dev/null || {
            echo "forge is missing. It comes with: tools/contracts.sh setup (on Linux on amd64)" >&2
            exit 2
        }
        ;;
esac

case $command in
    setup) tools/setup.sh ;;
    test) forge test "$@" ;;
    long) tool record ${contract:+"$contract"} "$@" ;;
    gas) echo "Gas is measured from the shipped artifacts: python -m benchmarks.gas --check" ;;
    coverage) tool lines ${contract:+"$contract"} ;;
    symbolic) tool proofs ${contract:+"$contract"} ;;
    mutants) tool mutants ${contract:+"$contract"} ;;
    slither) tool findings ${contract:+"$contract"} ;;
    artifacts) tool artifacts ${contract:+"$contract"} ;;
    format) forge fmt "$@" ./*.sol test ;;
    tree) tool trees ${contract:+"$contract"} ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' tools/contracts.sh >&2
        exit 2
        ;;
esac
