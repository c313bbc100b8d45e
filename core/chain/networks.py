"""The chains that settings can name, and whether a node leads to the one that was meant. Pure.

Confirmations are how many blocks must follow before money counts as paid. On Ethereum twelve (two and a half minutes)
lie far below the shallow forks that happen there, while waiting for finality (13 minutes) would outlast many leases.
Ethereum Classic has no finality and was rewritten for thousands of blocks by hired miners in August 2020, which no
wait within a lease survives: twenty (four and a half minutes) cover its honest forks, and a lease should not be
worth such an attack. Test chains' coins are worth nothing: three, so that waiting is part of what is tried out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from core.errors import InvalidInput
from core.settings import Network


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain: how people call it, its id (None: any) and its own coin. A public one can be listened in on."""

    title: str
    chain_id: int | None
    native: str
    public: bool
    confirmations: int


CHAINS: Final[Mapping[str, Chain]] = {
    "development": Chain("the development chain", 31337, "ETH", public=False, confirmations=0),
    "ethereum": Chain("Ethereum", 1, "ETH", public=True, confirmations=12),
    "sepolia": Chain("Sepolia", 11155111, "ETH", public=True, confirmations=3),
    "classic": Chain("Ethereum Classic", 61, "ETC", public=True, confirmations=20),
    "mordor": Chain("Mordor", 63, "ETC", public=True, confirmations=3),
    "custom": Chain("a chain of your own", None, "coin", public=False, confirmations=0),
}


_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def is_loopback(url: str) -> bool:
    """True where what is said to this address does not leave the machine."""
    return urlsplit(url).hostname in _LOOPBACK


def chain_of(network: Network, chain_id: int) -> Chain:
    """The chain whose node at `network`'s address says that its id is `chain_id`.

    A custom one that turns out to be a chain we know is that chain. Raises InvalidInput where the node leads to
    another chain than the settings name, or what is sent to a public chain could be read and held back on the way.
    """
    known = {chain.chain_id: chain for chain in CHAINS.values() if chain.chain_id is not None}
    chain = CHAINS[network.name]
    if chain.chain_id is None:
        chain = known.get(chain_id, chain)
    elif chain.chain_id != chain_id:
        found = f"{known[chain_id].title} (chain {chain_id})" if chain_id in known else f"chain {chain_id}"
        raise InvalidInput(
            f"The settings name {chain.title} (chain {chain.chain_id}), but the node leads to {found}.",
            "Correct name or rpc_url under [network].",
        )
    plain = urlsplit(network.rpc_url).scheme == "http" and not is_loopback(network.rpc_url)
    if chain.public and plain and not network.allow_plain_http:
        raise InvalidInput(
            f"The node of {chain.title} is reached over plain http, which others can read and change on the way.",
            "Use an https address, or set allow_plain_http = true under [network] if the way there is safe.",
        )
    return chain


def confirmations(network: Network, chain: Chain) -> int:
    """How many blocks must follow a transaction's own before it counts: the settings' word, else the chain's."""
    return chain.confirmations if network.confirmations is None else network.confirmations
