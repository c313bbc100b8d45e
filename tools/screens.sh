#!/usr/bin/env bash
# What the screens' tests and pictures need of the system: Qt's libraries, fonts and, on Linux, a desktop to be tried on.
# Does nothing where all of it is there. Installed where we are root on Debian or Ubuntu; elsewhere a sentence says what.
set -euo pipefail
cd "$(dirname "$0")/.."

draws() { QT_QPA_PLATFORM=offscreen .venv/bin/python -c 'from PySide6.QtWidgets import QApplication; QApplication([])'; }

if [ "$(uname)" != Linux ]; then
    draws
    exit
fi

qt=(libegl1 libgl1 libfontconfig1 libdbus-1-3 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0 libx11-xcb1 libxcb-cursor0
    libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1
    libxcb-xfixes0 libxcb-xkb1)
plugin=$(.venv/bin/python -c 'import PySide6; print(PySide6.__path__[0])')/Qt/plugins/platforms/libqxcb.so

linked() { [[ $(ldd "$1") != *"not found"* ]]; }
program() { command -v "$1"; }
service() { [ -e "/usr/share/dbus-1/services/$1.service" ]; }
font() {
    local folders=(/usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts")
    [ -n "$(find "${folders[@]}" -iname "$1*" -print -quit 2>/dev/null)" ]
}

# `want KIND NAME PACKAGE ...`: the packages are missing where what they bring is not there.
want() { "$1" "$2" >/dev/null 2>&1 || missing+=("${@:3}"); }

look() {
    missing=()
    want linked "$plugin" "${qt[@]}"
    want font DejaVuSans fonts-dejavu-core
    want font Inter fonts-inter
    # A desktop: tests/real/desk.py.
    want program Xvfb xvfb
    want program dbus-daemon dbus
    want program openbox openbox
    want program xdotool xdotool
    want program xfce4-panel xfce4-panel
    want program xfconf-query xfconf
    want service org.a11y.Bus at-spi2-core
    # The terminal's pictures.
    want program rsvg-convert librsvg2-bin
}

look
if [ "${#missing[@]}" != 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "The screens cannot be tried here. On Debian or Ubuntu: sudo apt install ${missing[*]}. Elsewhere, install what brings the same." >&2
        exit 2
    fi
    echo "Installing what the screens need: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    look
    if [ "${#missing[@]}" != 0 ]; then
        echo "Still missing after their installation: ${missing[*]}." >&2
        exit 2
    fi
fi
draws
