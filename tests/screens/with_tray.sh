#!/bin/sh
# Runs a command where a real panel has a tray: tests/screens/with_tray.sh COMMAND...
# The panel starts $PANEL_AFTER_S (0) seconds after the command. Needs the packages of docs/development-screens.txt.
set -eu

if [ "${DONOR_TRAY_WORK:-}" = "" ]; then
    # The panel's settings are served by a daemon that the session bus starts: it must find them from the beginning.
    work=$(mktemp -d)
    settings="$work/xfce4/xfconf/xfce-perchannel-xml"
    mkdir -p "$settings"
    cat >"$settings/xfce4-panel.xml" <<'X'
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
    <property name="plugin-2" type="string" value="clock"/>
  </property>
</channel>
X
    Xvfb :77 -screen 0 1280x800x24 >"$work/xvfb" 2>&1 &
    xvfb=$!
    trap 'kill $xvfb; rm -rf "$work"' EXIT
    sleep 1
    DONOR_TRAY_WORK=$work XDG_CONFIG_HOME=$work DISPLAY=:77 timeout "${WITHIN_S:-300}" \
        dbus-run-session -- "$0" "$@" 2>"$work/bus"
    exit
fi

work=$DONOR_TRAY_WORK
openbox >"$work/openbox" 2>&1 & openbox=$!
(sleep "${PANEL_AFTER_S:-0}"; exec xfce4-panel --disable-wm-check >"$work/panel" 2>&1) & panel=$!
trap 'kill $panel $openbox 2>/dev/null || true' EXIT
[ "${PANEL_AFTER_S:-0}" != 0 ] || sleep 5
PANEL_PID=$panel "$@" 2>&1
