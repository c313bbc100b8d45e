"""Settings: one strict struct, read from one TOML file; every key has a default, a sentence and its bounds.

State (leases, earnings, keys) lives elsewhere. An unknown key, a wrong type or a value out of bounds is refused
with the file and the key named: a misspelt limit must never be silently ignored.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.errors import InvalidInput
from core.model import Amount
from core.owner import Donor
from core.quote import Aims, SpendingLimits

_Port = Annotated[int, Meta(ge=0, le=65535)]
_Seconds = Annotated[int, Meta(ge=1, le=86_400)]
_Percent = Annotated[int, Meta(ge=0, le=10_000)]
_Url = Annotated[str, Meta(max_length=300)]
_Coins = Annotated[str, Meta(pattern=r"^([0-9]{1,12}(\.[0-9]{1,18})?)?$")]
_Account = Annotated[str, Meta(pattern="^(0x[0-9a-fA-F]{40})?$")]


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the chain and the relay are. Empty addresses mean that no market has been chosen yet.

    `name` says which chain `rpc_url` must lead to; "custom" takes any. A transaction counts once `confirmations` more
    blocks stand on it (left out: what suits that chain), and one gas never costs more than `highest_gas_gwei`.
    What happened before `first_block`, in which the market was deployed, is not searched.
    New versions are told of where `release_key`, the account of who makes them, signed so; empty: nobody is asked.
    `relays` are the addresses of the market's relays' buses (docs/relay.md), all of them used at once; without any,
    messages go over `bus_url` alone, and clusters stay on one container engine.
    `allow_plain_http` accepts an unencrypted node of a public chain elsewhere than on this machine.
    """

    name: Literal["development", "ethereum", "sepolia", "classic", "mordor", "custom"] = "custom"
    rpc_url: _Url = ""
    coin: _Account = ""
    escrow: _Account = ""
    sale: _Account = ""
    release_key: _Account = ""
    bus_url: _Url = ""
    relays: Annotated[tuple[_Url, ...], Meta(max_length=8)] = ()
    first_block: Annotated[int, Meta(ge=0)] = 0
    confirmations: Annotated[int, Meta(ge=0, le=100)] | None = None
    highest_gas_gwei: Annotated[int, Meta(ge=1, le=1_000_000)] = 500
    allow_plain_http: bool = False

    @property
    def bus_urls(self) -> tuple[str, ...]:
        """Where messages go: the relays, else the bus; empty where there is neither."""
        return self.relays or ((self.bus_url,) if self.bus_url else ())


class Aiming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What this renter's clusters aim at beside a low price, in percent of the definitions in docs/allocation.md.

    `waste_percent`: leaving donors' machines useful to others. `spread_percent`: few workers on one laptop.
    `reliability_percent`: donors that have not failed. `closeness_percent`: donors with short measured round trips.
    """

    waste_percent: _Percent = 100
    spread_percent: _Percent = 300
    reliability_percent: _Percent = 400
    closeness_percent: _Percent = 100

    def aims(self) -> Aims:
        """The settings as a noun."""
        return Aims(self.waste_percent, self.spread_percent, self.reliability_percent, self.closeness_percent)


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The most that this renter's clusters may cost in any hour, in any day and in all, as decimals of whole coins.

    Empty is without a limit. The agent refuses what could cost more; `sparecloud limits` shows and sets them.
    """

    per_hour: _Coins = ""
    per_day: _Coins = ""
    in_all: _Coins = ""

    def amounts(self) -> SpendingLimits:
        """The limits in smallest units."""
        return SpendingLimits(*map(_amount, (self.per_hour, self.per_day, self.in_all)))


def _amount(coins: str) -> Amount | None:
    whole, _, decimals = coins.partition(".")
    return Amount(int(whole + decimals.ljust(18, "0"))) if coins else None


class Renter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How this machine rents.

    `penalty_percent` is what donors are to pledge for a share, in percent of the most it can cost, as far as they have
    stake (docs/economics.md says why so much).
    """

    agent_port: _Port = 0
    interval_s: _Seconds = 20
    grace_s: Annotated[int, Meta(ge=1, le=7 * 86_400)] = 12 * 3600
    accept_within_s: _Seconds = 10
    start_within_s: _Seconds = 120
    penalty_percent: Annotated[int, Meta(ge=0, le=1000)] = 250
    aiming: Aiming = Aiming()
    limits: Limits = Limits()


class Relay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How this machine serves a market as its relay (docs/relay.md).

    `public_host` is the name or address that others reach it by; it listens on `listen`, with the bus on TCP `port` and
    one network each on the UDP ports from `first_udp_port` on, as many as `most_leases`. A network passes on
    `kib_per_second` at most. `metrics_port` is on loopback. With `tls_certificate` and `tls_key` (PEM files) the bus
    takes encrypted connections, too.
    """

    public_host: Annotated[str, Meta(pattern="^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)?$")] = ""
    listen: Annotated[str, Meta(pattern="^[0-9.]{7,15}$")] = "0.0.0.0"
    port: _Port = 4222
    first_udp_port: Annotated[int, Meta(ge=1024, le=60_000)] = 24_000
    metrics_port: _Port = 9470
    most_leases: Annotated[int, Meta(ge=1, le=4096)] = 256
    most_leases_a_renter: Annotated[int, Meta(ge=1, le=4096)] = 32
    kib_per_second: Annotated[int, Meta(ge=1, le=10_000_000)] = 25_600
    asks_a_minute: Annotated[int, Meta(ge=1, le=1_000_000)] = 1200
    asks_a_minute_a_signer: Annotated[int, Meta(ge=1, le=100_000)] = 30
    most_connections: Annotated[int, Meta(ge=1, le=1_000_000)] = 4096
    tls_certificate: Annotated[str, Meta(max_length=500)] = ""
    tls_key: Annotated[str, Meta(max_length=500)] = ""

    def __post_init__(self) -> None:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key belong together")
        if self.first_udp_port + self.most_leases > 65_536:
            raise ValueError("first_udp_port leaves too few ports for most_leases")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    network: Network = Network()
    donor: Donor = Donor()
    renter: Renter = Renter()
    relay: Relay = Relay()


FILE_NAME = "settings.toml"


def parse(text: str, source: str) -> Settings:
    """The settings that `text` (TOML) holds; `source` is named in refusals. Raises InvalidInput."""
    try:
        return msgspec.toml.decode(text, type=Settings)
    except msgspec.ValidationError as refused:
        raise InvalidInput(
            f"{source} holds a setting that is not acceptable: {_readable(str(refused))}.",
            "Correct that line, or delete it to use the default.",
        ) from refused
    except msgspec.DecodeError as broken:
        raise InvalidInput(
            f"{source} is not valid TOML: {broken}.", "Correct it, or delete it to start over."
        ) from broken


def read(folder: Path) -> Settings:
    """The settings kept in `folder`, or the defaults where there is no file. Raises InvalidInput."""
    path = folder / FILE_NAME
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise InvalidInput(f"{path} cannot be read: {unreadable}.", "Make it readable, or delete it.") from unreadable
    return parse(text, str(path))


def write(folder: Path, settings: Settings) -> None:
    """Keep `settings` in `folder`: whole or not at all, for their owner's eyes.

    Raises InvalidInput, also for what `read` would refuse.
    """
    written = text(settings)
    parse(written, str(folder / FILE_NAME))
    draft = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(written.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / FILE_NAME)
    except OSError as problem:
        with suppress(OSError):
            draft.unlink()
        raise InvalidInput(
            f"{folder / FILE_NAME} cannot be written: {problem}.", "Make room or make it writable, and try again."
        ) from problem


class DonorFile:
    """The [donor] table of `folder`'s file, for core.ports.OwnerFile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Donor:
        """The table now. Raises InvalidInput."""
        return read(self._folder).donor

    def write(self, donor: Donor) -> None:
        """Keep `donor`; what else the file holds stays, but for its comments. Raises InvalidInput."""
        write(self._folder, msgspec.structs.replace(read(self._folder), donor=donor))


class LimitsFile:
    """The [renter.limits] table of `folder`'s file, as it is at each look: a lower limit counts at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> SpendingLimits:
        """The limits now. Raises InvalidInput."""
        return read(self._folder).renter.limits.amounts()


def text(settings: Settings) -> str:
    """`settings` as TOML that `parse` reads back to the same."""
    return "\n".join(_lines((), msgspec.to_builtins(settings))).strip() + "\n"


def _lines(table: tuple[str, ...], values: dict[str, object]) -> list[str]:
    # TOML has no null: what is None is what is left out.
    said = {key: value for key, value in values.items() if value is not None}
    plain = [f"{key} = {_scalar(value)}" for key, value in said.items() if not isinstance(value, dict)]
    lines = ["", f"[{'.'.join(table)}]", *plain] if plain and table else plain
    for key, value in said.items():
        if isinstance(value, dict):
            lines += _lines((*table, key), value)
    return lines


def _scalar(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_scalar(held)}' for key, held in value.items())} }}"
    # TOML's booleans, integers and basic strings are spelt as JSON's.
    return msgspec.json.encode(value).decode()


def _readable(refusal: str) -> str:
    message, _, where = refusal.partition(" - at `$.")
    return f"{where.rstrip('`')}: {message}" if where else message
