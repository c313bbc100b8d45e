#!/usr/bin/env bash
# A Docker engine to work with: `tools/engine.sh start` and `tools/engine.sh stop`.
# Where none answers and we are root on Debian or Ubuntu, docker.io is installed and started; elsewhere a sentence says
# what to do. `stop` ends only an engine that `start` itself started.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
pidfile=.cache/dockerd.pid
logfile=.cache/dockerd.log

answers() {
    .venv/bin/python - >/dev/null 2>&1 <<'PY'
import docker
client = docker.from_env(timeout=5)
client.ping()
client.close()
PY
}

start() {
    if answers; then return; fi
    if [ "$(id -u)" != 0 ]; then
        if command -v docker >/dev/null 2>&1; then
            echo "Docker is installed, but its engine does not answer for $(id -un). Start it (sudo systemctl start docker, or Docker Desktop), and be in the group docker (sudo usermod -aG docker $(id -un), then log in again)." >&2
        else
            echo "Docker is needed and no engine answers. Install it: on Debian or Ubuntu 'sudo apt install docker.io' and 'sudo usermod -aG docker $(id -un)'; on macOS or Windows install Docker Desktop and start it." >&2
        fi
        exit 3
    fi
    if ! command -v dockerd >/dev/null 2>&1; then
        if ! command -v apt-get >/dev/null; then
            echo "Docker is needed and no engine answers. Install your system's Docker engine and start it." >&2
            exit 3
        fi
        echo "Installing docker.io"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables iproute2 >/dev/null
    fi
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        echo "Starting dockerd"
        setsid nohup dockerd >"$logfile" 2>&1 </dev/null &
        echo $! >"$pidfile"
    fi
    for _ in $(seq 60); do
        if answers; then return; fi
        sleep 0.5
    done
    echo "The Docker engine did not start within 30 seconds. Its last words:" >&2
    tail -n 5 "$logfile" >&2 2>/dev/null || true
    exit 3
}

stop() {
    [ -f "$pidfile" ] || return 0
    pid=$(cat "$pidfile")
    rm -f "$pidfile"
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
        kill "$pid"
        for _ in $(seq 100); do
            [ -d "/proc/$pid" ] || return 0
            sleep 0.2
        done
        echo "dockerd ($pid) is still stopping." >&2
    fi
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*)
    echo "usage: tools/engine.sh start|stop" >&2
    exit 2
    ;;
esac
