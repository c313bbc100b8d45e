"""The sandbox: what every Spark container may do, as docker's own arguments. Pure.

The donor's limits and the share's resources are the only inputs; nothing a renter sends reaches this module.
docs/runtime.md says what each line is for, and what the sandbox does not protect against.
"""

from typing import Final

from docker.types import DeviceRequest, LogConfig, Mount

from core.errors import InvalidInput
from core.model import Resources

USER: Final = "10001:10001"
UID: Final = 10001
SCRATCH: Final = "/scratch"
JOB: Final = "/job"

_LEAST_MEMORY_MIB: Final = 64
_LEAST_CPU_MILLIS: Final = 10


def sandbox(resources: Resources, labels: dict[str, str], *folders: str) -> dict[str, object]:
    """Arguments for docker-py's `containers.create` that hold a container to `resources`.

    `folders` are writable volumes (SCRATCH, JOB), removed with the container; a container that crashed away leaves
    them labelled. Raises InvalidInput where the resources are too small to run anything in.
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
        "nano_cpus": resources.cpu_millis * 1_000_000,
        "init": True,
        "ipc_mode": "private",
        "restart_policy": {"Name": "no"},
        "log_config": LogConfig(type="json-file", config={"max-size": "5m", "max-file": "2"}),
        # The donor's proxy settings can hold a password.
        "use_config_proxy": False,
        "device_requests": _gpus(resources.gpu_count),
        "labels": dict(labels),
        "mounts": [Mount(target=folder, source=None, type="volume", labels=dict(labels)) for folder in folders],
    }


def _gpus(count: int) -> list[DeviceRequest]:
    return [DeviceRequest(driver="nvidia", count=count, capabilities=[["gpu"]])] if count else []
