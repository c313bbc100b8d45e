#!/bin/sh
# Runs one role in a share's network: pause holds the namespace, firewall closes it, nebula is the one way out, and
# bounds limits what passes: how tc queues what leaves, and nftables' rules for what arrives.
set -eu
case ${1-} in
pause)
    trap 'exit 0' TERM INT
    sleep infinity &
    wait
    ;;
firewall) exec nft --file "$2" ;;
nebula) exec nebula -config "$2" ;;
bounds)
    # Several words for tc.
    tc qdisc replace dev eth0 root $2
    exec nft "$3"
    ;;
*) echo "unknown role: ${1-}" >&2; exit 64 ;;
esac
