"""The compiled contracts that ship with the package: what they answer to, and their bytes."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

CONTRACTS: Final = ("Coin", "Sale", "Leases", "Trials", "Court")


class Artifact(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One contract, as core/chain/contracts/build.mjs writes it. `bytecode` is 0x and hexadecimal digits."""

    contract: str
    compiler: str
    evm_version: str
    optimizer_runs: int
    sources_sha256: Mapping[str, str]
    abi: Sequence[Mapping[str, object]]
    bytecode: str


@cache
def load(contract: str) -> Artifact:
    """The artifact of one of CONTRACTS."""
    content = files("core.chain.artifacts").joinpath(f"{contract}.json").read_bytes()
    return msgspec.json.decode(content, type=Artifact)
