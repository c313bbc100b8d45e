"""Announces a release in a market: signed by its release key, and brought to every relay of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.clock import SystemClock
from core.errors import InvalidInput, SparecloudError
from core.release import Announcement, Release, announced
from core.settings import Network
from core.wire.buses import Buses
from core.wire.relays import NatsRelays
from renter_tui.holder import Holder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was announced, and by each relay's address why it does not hand it out, None where it does."""

    announcement: Announcement
    relays: Mapping[str, SparecloudError | None]


async def announce(holder: Holder, network: Network, release: Release) -> Outcome:
    """Announce `release` with `holder`'s wallet in the market of `network`.

    Raises InvalidInput where that wallet is not the market's release key, or the market has no relays; BusUnavailable.
    """
    if holder.address != network.release_key.lower():
        raise InvalidInput(
            f"The wallet {holder.address} is not the market's release key.",
            "Name the wallet's home with --home, and set release_key under [network] as the market publishes it.",
        )
    if not network.relays:
        raise InvalidInput("The settings name no relays.", "Relays hand announcements out: fill in [network] relays.")
    clock = SystemClock()
    announcement = announced(release, holder.chain.notary, clock.now())
    async with Buses(network.relays, name="sparecloud-release") as buses:
        await buses.ready()
        return Outcome(announcement, await NatsRelays(buses, clock).announce(announcement))
