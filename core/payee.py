"""What a person typed to be paid to, and how much: exact, strict, refused with a sentence. Pure."""

import re
from typing import Final

from eth_hash.auto import keccak

from core.errors import InvalidInput
from core.model import COIN_UNIT, Address, Amount, address

_NOBODY: Final = Address("0x" + "00" * 20)
_COIN: Final = re.compile(r"([0-9]{0,12})(?:\.([0-9]{0,18}))?")
_COPY_AGAIN: Final = "Copy it again, whole, from where you will receive the coin."


def payee(text: str) -> Address:
    """The account that `text` names. Capital letters among small ones are a checksum (EIP-55). Raises InvalidInput."""
    try:
        found = address(text.strip())
    except ValueError as problem:
        raise InvalidInput("An address is 0x and forty hexadecimal digits.", _COPY_AGAIN) from problem
    if found == _NOBODY:
        raise InvalidInput("Nobody has the address of only zeros.", _COPY_AGAIN)
    if has_checksum(text) and spelled(found)[2:] != text.strip()[2:]:
        raise InvalidInput("The address has a mistyped character: its checksum does not fit.", _COPY_AGAIN)
    return found


def has_checksum(text: str) -> bool:
    """Whether the letters of an address are of both cases, so that most mistyped characters would be noticed."""
    digits = text.strip()[2:]
    return digits not in (digits.lower(), digits.upper())


def spelled(account: Address) -> str:
    """The account with its checksum in capital letters (EIP-55), as other wallets show it."""
    digits = account[2:]
    verdict = keccak(digits.encode("ascii")).hex()
    return "0x" + "".join(
        digit.upper() if int(judge, 16) >= 8 else digit for digit, judge in zip(digits, verdict, strict=False)
    )


def sum_of(text: str) -> Amount:
    """Smallest units of "5", "0.25", ".5" coins; more than nothing, and never rounded. Raises InvalidInput."""
    found = _COIN.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise InvalidInput("That is not an amount.", "Write 5 or 0.25: with a point, and 18 decimals at most.")
    amount = int(found[1] or "0") * COIN_UNIT + int((found[2] or "").ljust(18, "0"))
    if not amount:
        raise InvalidInput("Nothing would be paid.", "Name more than zero.")
    return Amount(amount)
