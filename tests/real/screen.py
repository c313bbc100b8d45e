"""What an X server of tests.real.desk shows, read from its frame buffer."""

import struct
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage

_FIELDS: Final = struct.Struct(">25I")
_COLOUR_BYTES: Final = 12


def shown(folder: Path) -> QImage:
    """A copy of the screen whose server keeps its frame buffer in `folder`: X's dump format, XWDFile.h."""
    dump = (folder / "Xvfb_screen0").read_bytes()
    fields = _FIELDS.unpack_from(dump)
    header_bytes, width, height, row_bytes, colours = fields[0], fields[4], fields[5], fields[12], fields[19]
    pixels = dump[header_bytes + colours * _COLOUR_BYTES :]
    return QImage(pixels, width, height, row_bytes, QImage.Format.Format_RGB32).copy()


def changed(before: QImage, after: QImage, within: QRect) -> QRect:
    """The smallest rectangle of `within` that holds every pixel that differs; empty where none does."""
    differ = [
        QPoint(x, y)
        for y in range(within.top(), within.bottom() + 1)
        for x in range(within.left(), within.right() + 1)
        if before.pixel(x, y) != after.pixel(x, y)
    ]
    if not differ:
        return QRect()
    left, right = min(point.x() for point in differ), max(point.x() for point in differ)
    return QRect(QPoint(left, differ[0].y()), QPoint(right, differ[-1].y()))
