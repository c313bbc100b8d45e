"""Names and labels: how an agent finds its own containers, volumes and networks again after a crash. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
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

_WORD = re.compile(r"0x[0-9a-f]{64}")
_JOB = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Role(StrEnum):
    """What a container serves."""

    MASTER = "master"
    WORKER = "worker"
    DRIVER = "driver"


@dataclass(frozen=True, slots=True)
class Label:
    """Who a container belongs to: `member` names it within its lease (master, worker-3, driver-job1).

    `owner` is the agent that made it: several agents may share one engine and never touch each other's things.
    Raises InvalidInput where a part is malformed.
    """

    lease: LeaseId
    role: Role
    owner: str
    share: int | None = None
    job: str | None = None

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.lease), "lease")
        _need(_OWNER.fullmatch(self.owner), "owner")
        _need(self.job is None or _JOB.fullmatch(self.job), "job (up to 40 lower-case letters, digits and dashes)")

    @property
    def member(self) -> str:
        """The container's host name in the lease's network."""
        match self.role:
            case Role.MASTER:
                return "master"
            case Role.WORKER:
                return f"worker-{self.share}"
            case Role.DRIVER:
                return f"driver-{self.job}"

    @property
    def name(self) -> str:
        """The container's name, which the engine keeps unique: that is what makes starting twice safe."""
        return f"sparecloud-{self.lease[2:]}-{self.member}"

    def labels(self) -> dict[str, str]:
        """As the engine stores them."""
        found = {LEASE: str(self.lease), ROLE: self.role.value, OWNER: self.owner}
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


def member_index(host: str) -> int | None:
    """The share that a worker's host name stands for, None for any other name."""
    found = re.fullmatch(r"worker-(\d{1,3})", host)
    return int(found[1]) if found else None


def _need(condition: object, name: str) -> None:
    if not condition:
        raise InvalidInput(f"A container cannot be named: its {name} is malformed.")
