#!/bin/sh
# Runs one role in a share's network: pause holds the namespace, firewall closes it, nebula is the one way out.
set -eu
case ${1-} in
pause)
    trap 'exit 0' TERM INT
    sleep infinity &
    wait
    ;;
firewall) exec nft --file "$2" ;;
nebula) exec nebula -config "$2" ;;
*) echo "unknown role: ${1-}" >&2; exit 64 ;;
esac
