"""A worker's disk: a file of fixed size that the kernel shows as a device, so that a full one is only the worker's.

It works alike on every engine and file system, needs no privilege of the agent beyond the engine itself, and bounds
files as well as bytes. (XFS project quotas would do without the device, but few engines have them, and they count no
inodes.) The steps that only root can do run in a short-lived container without network or capabilities, which may open
loop devices and nothing else, and whose words are fixed here: nothing that a renter sends reaches it.
"""

import re
from secrets import token_hex
from typing import Any, Final

from docker.types import LogConfig, Mount

from core.errors import SandboxFailed
from core.model import LeaseId
from core.runtime.container_engine import ContainerEngine, gone_is_fine
from core.runtime.images import Images
from core.runtime.labels import NETWORK, ROLE, Label, Role
from core.runtime.sandbox import UID

DISK: Final = "disk"
"""The role of everything here, so that a disk outlives its worker and is found by whoever forgets the share."""

_DEADLINE_S: Final = 50
_TRIAL_MIB: Final = 8
_NODES: Final = "/dev/sparecloud"

# A device is known by the name of the file behind it, which is unique among all leases: its number may be another's
# after a reboot, its path ends in "(deleted)" once somebody pruned the volume. Mounts go through a link in /dev that
# a reboot takes away, so that a worker started again without its disk fails instead of getting another's.
_FIND: Final = """
set -eu
name=$1
image=/disk/$name
node=/dev/sparecloud/$name
device=
for file in /sys/block/loop*/loop/backing_file; do
    [ -e "$file" ] || continue
    read -r backing < "$file" || continue
    case $backing in
    */"$name" | */"$name (deleted)")
        loop=${file#/sys/block/}
        device=/dev/${loop%%/*}
        ;;
    esac
done
"""
# Made anew wherever it is not attached: nothing in it outlives a reboot. So no journal, which would only write twice.
# All of it is set aside at once: what the owner's disk shows as free really is, and no job meets a full disk early.
# Direct, where the file system below can: else every page is kept in memory twice, and writes took five times as long.
_ATTACH: Final = f"""
{_FIND}
if [ -z "$device" ]; then
    rm -f "$image"
    if ! refusal=$(fallocate -l "$2" "$image" 2>&1); then
        case $refusal in
        *upported*) truncate -s "$2" "$image" ;;
        *) rm -f "$image"; echo "$refusal"; exit 1 ;;
        esac
    fi
    mkfs.ext4 -q -F -m 0 -O ^has_journal -E "nodiscard,assume_storage_prezeroed=1,root_owner=$3" "$image"
    device=$(losetup --find --show "$image")
    losetup --direct-io=on "$device" 2>/dev/null || true
fi
mkdir -p {_NODES}
ln -sfn "$device" "$node"
"""
_DETACH: Final = f"""
{_FIND}
rm -f "$node"
[ -z "$device" ] || losetup --detach "$device"
rmdir {_NODES} 2>/dev/null || true
"""


class Disks:
    """The disks of workers on one engine. Methods block, may be called twice, and raise SandboxFailed."""

    def __init__(self, engine: ContainerEngine, images: Images) -> None:
        self._engine = engine
        self._images = images

    def attach(self, label: Label, disk_mib: int) -> None:
        """Have a disk of `disk_mib` MiB at `disk_of(label)`; one that is there already is left with what is in it."""
        first = first_uid(str(self._engine.client.info().get("DockerRootDir", "")))
        said = self._run(label, _ATTACH, str(disk_mib * 2**20), f"{first + UID}:{first + UID}")
        if said:
            raise SandboxFailed(
                f"A worker's disk of {disk_mib} MiB could not be made: {said}.",
                "Free some space."
                if "o space left" in said
                else "The engine must allow loop devices: rootless ones do not.",
            )

    def try_out(self, owner: str) -> None:
        """Make a small disk and drop it. Raises SandboxFailed where this engine cannot limit what a worker writes."""
        label = Label(LeaseId("0x" + token_hex(32)), Role.WORKER, owner, share=0)
        try:
            self.attach(label, _TRIAL_MIB)
        except SandboxFailed as failed:
            raise SandboxFailed(
                f"Nothing is shared: a job could fill this machine's disk. {failed.title}",
                failed.hint,
            ) from failed
        finally:
            self.drop(label)

    def drop(self, label: Label) -> None:
        """Detach and delete the worker's disk, whose containers must be gone; none there is success."""
        said = self._run(label, _DETACH)
        if said:
            raise SandboxFailed(f"A worker's disk could not be detached: {said}.", "It is tried again.")
        self._engine.remove(_labels(label))

    def _run(self, label: Label, script: str, *words: str) -> str:
        """Run `script` over the disk; what it said last where it failed."""
        helper = self._engine.client.containers.create(
            self._images.overlay(),
            entrypoint=["/bin/sh", "-c", script, "sh", label.name, *words],
            **_arguments(label),
        )
        try:
            helper.start()
            status = int(helper.wait(timeout=_DEADLINE_S)["StatusCode"])
            lines = helper.logs(tail=1).decode(errors="replace").strip()
            return (lines[-200:] or f"exit code {status}") if status else ""
        finally:
            with gone_is_fine():
                helper.remove(force=True)


def disk_of(label: Label) -> str:
    """The device that holds a worker's /scratch once its disk is attached."""
    return f"{_NODES}/{label.name}"


def first_uid(root: str) -> int:
    """The machine's own number of the user that containers know as 0: an engine that remaps users names its root so."""
    found = re.search(r"/(\d{1,10})\.\d{1,10}$", root)
    return int(found[1]) if found else 0


def _labels(label: Label) -> dict[str, str]:
    # Whoever forgets a share may not know any more which network it joined.
    return {key: value for key, value in label.labels().items() if key != NETWORK} | {ROLE: DISK}


def _arguments(label: Label) -> dict[str, Any]:
    return {
        "user": "0:0",
        "userns_mode": "host",
        "cap_drop": ["ALL"],
        # The volume belongs to another user where the engine remaps them.
        "cap_add": ["DAC_OVERRIDE"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "network_mode": "none",
        "device_cgroup_rules": ["b 7:* rw", "c 10:237 rw"],
        "pids_limit": 32,
        "mem_limit": "128m",
        "mounts": [
            Mount(target="/disk", source=label.name, type="volume", labels=_labels(label)),
            Mount(target="/dev", source="/dev", type="bind"),
        ],
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
        "use_config_proxy": False,
        "labels": _labels(label),
    }
