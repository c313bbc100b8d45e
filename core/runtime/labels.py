"""Names and labels: how an agent finds its own containers, volumes and networks again after a crash. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.errors import InvalidInput
from core.model import LeaseId

LEASE: Final = "sparecloud.lease"
SHARE: Final = "sparecloud.share"
ROLE: Final = "sparecloud.role"
OWNER: Final = "sparecloud.owner"
JOB: Final = "sparecloud.job"
SCREEN: Final = "sparecloud.screen"
NETWORK: Final = "sparecloud.network"
HOST: Final = "sparecloud.host"

_WORD = re.compile(r"0x[0-9a-f]{64}")
_JOB = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Role(StrEnum):
    """What a container serves."""

    MASTER = "master"
    WORKER = "worker"
    DRIVER = "driver"
    PAUSE = "pause"
    FIREWALL = "firewall"
    TUNNEL = "tunnel"
    BOUNDS = "bounds"


@dataclass(frozen=True, slots=True)
class Label:
    """Who a container belongs to: `member` names it within its lease (master, worker-3, driver-job1, worker-3-pause).

    `owner` is the agent that made it: several agents may share one engine and never touch each other's things.
    `network` is what it joins: its own lease's where left out. Raises InvalidInput where a part is malformed.
    """

    lease: LeaseId
    role: Role
    owner: str
    share: int | None = None
    job: str | None = None
    network: LeaseId | None = None

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.lease), "lease")
        _need(self.network is None or _WORD.fullmatch(self.network), "network")
        _need(_OWNER.fullmatch(self.owner), "owner")
        _need(self.job is None or _JOB.fullmatch(self.job), "job (up to 40 lower-case letters, digits and dashes)")

    @property
    def member(self) -> str:
        """The container's name within its lease."""
        node = "master" if self.share is None else f"worker-{self.share}"
        match self.role:
            case Role.MASTER | Role.WORKER:
                return node
            case Role.DRIVER:
                return f"driver-{self.job}"
            case Role.PAUSE | Role.FIREWALL | Role.TUNNEL | Role.BOUNDS:
                return f"{node}-{self.role.value}"

    @property
    def name(self) -> str:
        """The container's name, which the engine keeps unique: that is what makes starting twice safe."""
        return f"sparecloud-{self.lease[2:]}-{self.member}"

    @property
    def home(self) -> LeaseId:
        """The network that the container joins, by the lease that founded it."""
        return self.network or self.lease

    def beside(self, role: Role) -> "Label":
        """The label of what serves this member's node in that role; a master and its drivers are one node."""
        return replace(self, role=role, job=None)

    def labels(self) -> dict[str, str]:
        """As the engine stores them."""
        found = {LEASE: str(self.lease), ROLE: self.role.value, OWNER: self.owner, NETWORK: str(self.home)}
        if self.share is not None:
            found[SHARE] = str(self.share)
        if self.job is not None:
            found[JOB] = self.job
        return found


def share_of(labels: Mapping[str, str]) -> tuple[LeaseId, int] | None:
    """The share that stored labels name, None where they are not a worker's."""
    lease, share = labels.get(LEASE, ""), labels.get(SHARE, "")
    return (LeaseId(lease), int(share)) if _WORD.fullmatch(lease) and share.isdecimal() else None


def lease_of(labels: Mapping[str, str]) -> LeaseId | None:
    """The lease that stored labels name."""
    lease = labels.get(LEASE, "")
    return LeaseId(lease) if _WORD.fullmatch(lease) else None


def network_of(labels: Mapping[str, str]) -> LeaseId | None:
    """The network that stored labels name."""
    network = labels.get(NETWORK, "")
    return LeaseId(network) if _WORD.fullmatch(network) else None


def _need(condition: object, name: str) -> None:
    if not condition:
        raise InvalidInput(f"A container cannot be named: its {name} is malformed.")
