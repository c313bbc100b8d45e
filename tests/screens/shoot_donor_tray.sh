#!/bin/sh
# Shoots the donor's tray icon and menu in a real panel: tests/screens/shoot_donor_tray.sh [PYTHON]
# Run from the repository's root; writes docs/pictures/donor-tray.png. The panel starts after the application, as on a
# slow login, so this also tries that a late tray is found. Needs the packages of docs/development-screens.txt.
set -eu

if [ "${IN_PANEL:-}" = "" ]; then
    IN_PANEL=yes PANEL_AFTER_S=3 exec tests/screens/with_tray.sh "$0" "${1:-.venv/bin/python}"
fi

"$1" -m tests.screens.donor_tray_demo & app=$!
sleep 12
xdotool mousemove "${TRAY_X:-16}" "${TRAY_Y:-16}" click 3
sleep 2
import -window root -crop 520x420+0+0 +repage "${PICTURE:-docs/pictures/donor-tray.png}"
xdotool key Escape
kill -TERM $app
wait $app && echo "the application ended cleanly"
