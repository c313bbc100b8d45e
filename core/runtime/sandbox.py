"""The sandbox: what every Spark container may do, as docker's own arguments. Pure.

The donor's limits and the share's resources are the only inputs; nothing a renter sends reaches this module.
docs/runtime.md says what each line is for, and what the sandbox does not protect against.
"""

from typing import Final

from docker.types import DeviceRequest, DriverConfig, LogConfig, Mount

from core.errors import InvalidInput
from core.model import Resources

USER: Final = "10001:10001"
UID: Final = 10001
SCRATCH: Final = "/scratch"
JOB: Final = "/job"
PERIOD_US: Final = 100_000
"""Processor time is counted out anew so often."""

_LEAST_MEMORY_MIB: Final = 64
_LEAST_CPU_MILLIS: Final = 10
_LEAST_QUOTA_US: Final = 1000
"""The kernel takes no less: ten milli-cores."""


def sandbox(
    resources: Resources, labels: dict[str, str], *folders: str, disk: str = "", runtime: str = ""
) -> dict[str, object]:
    """Arguments for docker-py's `containers.create` that hold a container to `resources`.

    `folders` are writable volumes (SCRATCH, JOB), removed with the container; a container that crashed away leaves
    them labelled. SCRATCH lies on the device `disk` where one is given (disks.py), which bounds it; without, nothing
    does. `runtime` is the engine's name of another one than its default (isolation.py). Raises InvalidInput where the
    resources are too small to run anything in.
    """
    if resources.memory_mib < _LEAST_MEMORY_MIB or resources.cpu_millis < _LEAST_CPU_MILLIS:
        raise InvalidInput("A container needs at least 64 MiB of memory and 10 milli-cores.")
    memory = resources.memory_mib * 2**20
    return {
        "user": USER,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "privileged": False,
        "read_only": True,
        # exec, because zstd-jni unpacks its library there; without it a driver hangs.
        "tmpfs": {"/tmp": "exec,nosuid,nodev,size=256m"},
        "pids_limit": 512,
        "mem_limit": memory,
        "memswap_limit": memory,
        # Not docker's "cpus", which a running container cannot change: see limits.py.
        "cpu_period": PERIOD_US,
        "cpu_quota": quota_us(resources),
        "init": True,
        "ipc_mode": "private",
        "restart_policy": {"Name": "no"},
        "log_config": LogConfig(type="json-file", config={"max-size": "5m", "max-file": "2"}),
        # The donor's proxy settings can hold a password.
        "use_config_proxy": False,
        "device_requests": _gpus(resources.gpu_count),
        "labels": dict(labels),
        "mounts": [_volume(folder, labels, disk if folder == SCRATCH else "") for folder in folders],
        **({"runtime": runtime} if runtime else {}),
    }


def quota_us(resources: Resources, permille: int = 1000) -> int:
    """Processor time a period for `permille` thousandths (0 to 1000) of `resources`; never nothing."""
    quota = resources.cpu_millis * permille * PERIOD_US // 1_000_000
    return max(_LEAST_QUOTA_US, quota)


def _volume(folder: str, labels: dict[str, str], disk: str) -> Mount:
    options = {"type": "ext4", "device": disk, "o": "nosuid,nodev"}
    driver = DriverConfig("local", options) if disk else None
    return Mount(
        target=folder, source=None, type="volume", labels=dict(labels), no_copy=bool(disk), driver_config=driver
    )


def _gpus(count: int) -> list[DeviceRequest]:
    return [DeviceRequest(driver="nvidia", count=count, capabilities=[["gpu"]])] if count else []
