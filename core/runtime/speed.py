"""How fast this machine is where workers run: core.ports.Benchmark, in a worker's sandbox on a worker's disk.

The program is the one that renters' masters measure workers with, in the same image: what is signed compares with what
is measured. On the host another Python, another library and no virtual machine would answer another question.
"""

from secrets import token_hex
from typing import Any, Final

import msgspec

from core.errors import SandboxFailed
from core.model import LeaseId, Resources
from core.observed import Speed
from core.runtime.container_engine import ContainerEngine
from core.runtime.disks import Disks, disk_of
from core.runtime.images import Images
from core.runtime.isolation import CONTAINER, isolation
from core.runtime.labels import LEASE, OWNER, ROLE, Label, Role
from core.runtime.one_shot import Ended, one_shot
from core.runtime.sandbox import SCRATCH, sandbox

_SHAPE: Final = Resources(cpu_millis=1000, memory_mib=512, disk_mib=96)


class DockerBenchmark:
    """Measures in a container of the agent `owner`; one that a crash left behind is found among its held shares."""

    def __init__(self, engine: ContainerEngine, images: Images, owner: str, choice: str = CONTAINER) -> None:
        self._engine = engine
        self._images = images
        self._owner = owner
        self._choice = choice
        self._disks = Disks(engine, images)

    async def run(self) -> Speed:
        ended = await self._engine.call(self._run)
        try:
            return msgspec.json.decode(ended.said if ended.well else "", type=Speed)
        except msgspec.MsgspecError as unclear:
            raise SandboxFailed(
                f"The benchmark of this machine failed: {ended.said or 'it said nothing'}.", "It is tried again later."
            ) from unclear

    def _run(self) -> Ended:
        label = Label(LeaseId("0x" + token_hex(32)), Role.WORKER, self._owner, share=0)
        runtime = isolation(self._engine.client.info(), self._choice).runtime
        try:
            self._disks.attach(label, _SHAPE.disk_mib)
            arguments: dict[str, Any] = sandbox(
                _SHAPE, label.labels(), SCRATCH, disk=disk_of(label), runtime=runtime
            ) | {
                "name": label.name,
                "network_mode": "none",
                "entrypoint": ["python3", "/opt/meter.py", "benchmark", SCRATCH],
            }
            return one_shot(self._engine, self._images.allowed(), arguments)
        finally:
            # The container's volume, which is the mounted disk, goes before the disk.
            self._engine.remove({LEASE: str(label.lease), OWNER: self._owner, ROLE: Role.WORKER.value})
            self._disks.drop(label)
