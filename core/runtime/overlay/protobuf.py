"""As much of the protobuf encoding as a Nebula certificate needs: numbers, and words of bytes. Pure.

Readers raise ValueError on anything that is not well formed.
"""

from collections.abc import Iterator
from typing import Final

_VARINT: Final = 0
_BYTES: Final = 2


def field(number: int, value: bytes | int, *, empty: bool = False) -> bytes:
    """One field; what is zero or empty is left out, as protobuf does, except within a repeated field."""
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value) if value else b""
    return varint(number << 3 | _BYTES) + varint(len(value)) + value if value or empty else b""


def fields(raw: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(raw):
        tag, at = _read(raw, at)
        value, at = _read(raw, at)
        if tag & 7 == _VARINT:
            yield tag >> 3, value
            continue
        if tag & 7 != _BYTES or at + value > len(raw):
            raise ValueError("not a field of a certificate")
        yield tag >> 3, raw[at : at + value]
        at += value


def varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def varints(raw: bytes) -> Iterator[int]:
    at = 0
    while at < len(raw):
        value, at = _read(raw, at)
        yield value


def _read(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at >= len(raw):
            raise ValueError("a number is cut off")
        value |= (raw[at] & 0x7F) << 7 * place
        at += 1
        if raw[at - 1] < 0x80:
            return value, at
    raise ValueError("a number is too long")


def words(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where words belong")  # noqa: TRY004
    return value
