"""What a person typed on the command line, as the model's units: exact, strict, refused with a sentence."""

import re
from collections.abc import Sequence
from typing import Final

from core.errors import InvalidInput
from core.model import COIN_UNIT, Address, Amount, Resources
from core.payee import payee
from core.quote import LossPolicy, Request

_NUMBER: Final = r"[0-9]{1,12}(?:\.[0-9]{1,18})?"
_MEMORY: Final = re.compile(rf"({_NUMBER})(m|mib|g|gib)", re.IGNORECASE)
_TIME: Final = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9})s)?")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_OPTIONS: Final = {
    "cpu_millis": "--cores",
    "memory_mib": "--memory",
    "workers": "--workers",
    "duration_s": "--hours",
    "ceiling": "--ceiling",
    "most_per_donor": "--most-per-donor",
    "tightness_percent": "--tightness",
    "confidence_per_mille": "--confidence",
}


def memory_mib(text: str) -> int:
    """MiB of "1536M", "2G", "1.5GiB". Raises InvalidInput."""
    found = _MEMORY.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text!r} is not an amount of memory.", "Write MiB as 1536M, GiB as 2G or 1.5GiB.")
    unit = 1024 if found[2].lower().startswith("g") else 1
    return _whole(found[1], unit, text, "an amount of memory in whole MiB", "Write MiB as 1536M, GiB as 2G.")


def duration_s(text: str) -> int:
    """Seconds of "90m", "2h", "1h30m", "1d"; a bare number counts hours. Raises InvalidInput."""
    hint = "Write 90m, 2h, 1h30m or 1d; a bare number counts hours."
    if re.fullmatch(_NUMBER, text):
        return _whole(text, 3600, text, "a time in whole seconds", hint)
    found = _TIME.fullmatch(text)
    if found is None or not text:
        raise InvalidInput(f"{text!r} is not a length of time.", hint)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def cluster_name(text: str) -> str:
    """What a cluster may be called. Raises InvalidInput."""
    if not _NAME.fullmatch(text):
        raise InvalidInput(
            f"{text!r} cannot be a cluster's name.", "Use up to 32 lower-case letters, digits and hyphens."
        )
    return text


def per_mille(text: str) -> int:
    """Thousandths of "99", "99.5", "95%". Raises InvalidInput."""
    return _whole(text.removesuffix("%"), 10, text, "a percentage of at most one decimal", "Write 95 or 99.5.")


def cpu_millis(text: str) -> int:
    """Milli-cores of "1", "0.5". Raises InvalidInput."""
    return _whole(text, 1000, text, "a number of cores", "Write 1, 2 or 0.5.")


def coin(text: str) -> Amount:
    """Smallest units of "5", "0.25" coins. Raises InvalidInput."""
    return Amount(_whole(text, COIN_UNIT, text, "an amount of SPARE", "Write 5 or 0.25."))


def native(text: str) -> Amount:
    """Smallest units of "5", "0.25" of the chain's own coin. Raises InvalidInput."""
    return Amount(_whole(text, COIN_UNIT, text, "an amount of the chain's own coin", "Write 5 or 0.25."))


def some_coin(text: str) -> Amount:
    """Like `coin`, and more than nothing. Raises InvalidInput."""
    return _some(coin(text), text)


def some_native(text: str) -> Amount:
    """Like `native`, and more than nothing. Raises InvalidInput."""
    return _some(native(text), text)


def account(text: str) -> Address:
    """The account to be paid: capital letters among small ones are a checksum (core/payee.py). Raises InvalidInput."""
    return payee(text)


def spark_settings(words: Sequence[str]) -> dict[str, str]:
    """Settings of "spark.a=1", each once. Raises InvalidInput."""
    found: dict[str, str] = {}
    for text in words:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(f"{text!r} sets nothing.", "Write KEY=VALUE: spark.sql.shuffle.partitions=16.")
        if key in found:
            raise InvalidInput(f"{key} is set twice.", "Name each setting once.")
        found[key] = value
    return found


def word(text: str) -> str:
    """The name of a trial or a case, or how it begins, in lower case. Raises InvalidInput."""
    if not re.fullmatch("0x[0-9a-fA-F]{1,64}", text):
        raise InvalidInput(f"{text!r} names nothing.", "A name is 0x and up to 64 hexadecimal digits.")
    return text.lower()


def request(
    *,
    workers: int,
    cores: int,
    memory: int,
    seconds: int,
    ceiling: Amount | None = None,
    most_per_donor: int | None = None,
    tightness_percent: int = 10,
    confidence_per_mille: int = 0,
    on_loss: LossPolicy = LossPolicy.REPLACE,
) -> Request:
    """The Request of the options that launch and quote share. Raises InvalidInput, naming the option."""
    try:
        shape = Resources(cpu_millis=cores, memory_mib=memory)
        return Request(
            shape,
            workers,
            seconds,
            ceiling=ceiling,
            most_per_donor=most_per_donor,
            tightness_percent=tightness_percent,
            confidence_per_mille=confidence_per_mille,
            on_loss=on_loss,
        )
    except ValueError as problem:
        option = next((option for name, option in _OPTIONS.items() if name in str(problem)), "The request")
        raise InvalidInput(f"{option} is out of bounds: {problem}.", "Choose a value within them.") from problem


def _some(amount: Amount, typed: str) -> Amount:
    if not amount:
        raise InvalidInput(f"{typed!r} is nothing.", "Name more than zero.")
    return amount


def _whole(number: str, units: int, typed: str, what: str, hint: str) -> int:
    """`number` in whole `units`; never rounded, never through a float."""
    if not re.fullmatch(_NUMBER, number):
        raise InvalidInput(f"{typed!r} is not {what}.", hint)
    before, _, after = number.partition(".")
    whole, rest = divmod(int(before + after) * units, int("1" + "0" * len(after)))
    if rest:
        raise InvalidInput(f"{typed!r} is not {what}.", hint)
    return whole
