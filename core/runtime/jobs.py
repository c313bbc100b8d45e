"""Jobs: programs that run in a driver's own container, with files copied in and out."""

import asyncio
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from docker.models.containers import Container
from docker.utils.socket import frames_iter

from core.errors import InvalidInput, NotFound, SandboxFailed
from core.model import LeaseId, Resources
from core.observed import Endpoint, Job, JobState, Progress, Ran
from core.runtime.archive import existing, get_tree, put_files, put_folders, put_tree, read_file
from core.runtime.container_engine import ContainerEngine, gone_is_fine, translated
from core.runtime.images import Images
from core.runtime.labels import JOB as JOB_LABEL
from core.runtime.labels import LEASE, OWNER, ROLE, Label, Role
from core.runtime.launch import Launch, fate, start
from core.runtime.masters import Masters
from core.runtime.network import LeaseNetwork
from core.runtime.sandbox import JOB, SCRATCH
from core.runtime.spark_settings import (
    LEAST_WORKER_MIB,
    SETTINGS_FILE,
    connect_settings,
    driver_settings,
    executor_heap_mib,
    token_in,
)
from core.submission import Extras, files, packages
from core.ticket import Ticket

_TERMINATE_S: Final = 5
MOST_SAID: Final = 1024 * 1024
_CONNECT_SERVER: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
CONNECT_JOB: Final = "connect"
"""The job that a cluster's Spark Connect server is."""


class Drivers:
    """The drivers of one renter's agent. Every method blocks, except `logs`."""

    def __init__(
        self,
        engine: ContainerEngine,
        network: LeaseNetwork,
        images: Images,
        masters: Masters,
        owner: str,
        driver: Resources,
    ) -> None:
        self._engine = engine
        self._network = network
        self._images = images
        self._masters = masters
        self._owner = owner
        self._driver = driver
        self._starting = threading.Lock()

    def submit(
        self, lease: LeaseId, job: str, program: Path, arguments: Sequence[str], inputs: Path | None, extras: Extras
    ) -> Job:
        """Start the job's driver, or adopt the one already there."""
        if not existing(program).is_file():
            raise InvalidInput(f"{program} is not a file.", "Name one Python program.")
        packed, beside = packages(extras), files(extras)
        tree = {f"program/{program.name}": program} | (_inputs(existing(inputs)) if inputs is not None else {})
        tree |= {f"packages/{name}": path for name, path in packed.items()}
        tree |= {f"files/{name}": path for name, path in beside.items()}
        command = [
            *_listed("--py-files", f"{JOB}/packages", packed),
            *_listed("--files", f"{JOB}/files", beside),
            f"{JOB}/program/{program.name}",
            *arguments,
        ]
        return self._start(lease, job, command, tree, extras.conf, {})

    def connect(self, lease: LeaseId) -> Job:
        """Start the cluster's Spark Connect server, or adopt the one already there."""
        command = ["--class", _CONNECT_SERVER, "spark-internal"]
        return self._start(lease, CONNECT_JOB, command, {}, {}, connect_settings(secrets.token_urlsafe(32)))

    def endpoint(self, lease: LeaseId) -> Endpoint | None:
        """Where the Spark Connect server answers; None where it does not, or not yet."""
        container, port = self._engine.named(self._label(lease, CONNECT_JOB).name), self._masters.door(lease)
        if container is None or container.status != "running" or port is None or not _speaks_http2(port):
            return None
        token = token_in(read_file(container, f"{SCRATCH}/{SETTINGS_FILE}").decode())
        # The name, not the number: clients keep a token off the wire to what they do not know as this machine.
        return Endpoint(f"sc://localhost:{port}/;token={token}", CONNECT_JOB) if token else None

    def _start(
        self,
        lease: LeaseId,
        job: str,
        command: Sequence[str],
        tree: Mapping[str, Path],
        conf: Mapping[str, str],
        more: Mapping[str, str],
    ) -> Job:
        secret, master = self._masters.secret(lease), self._masters.address(lease)
        if secret is None or master is None:
            raise SandboxFailed("The cluster has no running master.", "Wait until it is ready, or start it again.")
        workers = self._masters.workers(lease)
        executor_mib = min((worker.heap_mib for worker in workers), default=executor_heap_mib(LEAST_WORKER_MIB))
        cores = min((worker.cores for worker in workers), default=1)

        def prepare(container: Container, host: str) -> None:
            settings = driver_settings(
                secret,
                host=host,
                master=master,
                heap_mib=self._driver.memory_mib // 2,
                executor_mib=executor_mib,
                cores=cores,
                conf=conf,
                more=more,
            )
            put_files(container, SCRATCH, {SETTINGS_FILE: settings.encode()})
            put_folders(container, JOB, ("program", "input", "output", "packages", "files"))
            put_tree(container, JOB, tree)

        label = self._label(lease, job)
        launch = Launch(
            label=label,
            ticket=Ticket(lease, label.member),
            image=self._images.allowed(),
            resources=self._driver.capped(Resources(self._engine.cpu_millis(), self._driver.memory_mib)),
            folders=(SCRATCH, JOB),
            command=lambda _: ["driver", *command],
            prepare=prepare,
            environment={"PYTHONUNBUFFERED": "1", "SPARK_LOCAL_DIRS": SCRATCH, "SPARK_LOCAL_IP": "127.0.0.1"},
        )
        with self._starting:
            job_now = _job(start(self._engine, self._network, launch), lease)
        if job_now is None:
            raise SandboxFailed("The job's driver did not start.", "Look at the container engine's log.")
        return job_now

    def jobs(self, lease: LeaseId) -> tuple[Job, ...]:
        """Every job of the lease that was started, oldest first."""
        wanted = {LEASE: str(lease), ROLE: Role.DRIVER.value, OWNER: self._owner}
        found = (_job(container, lease) for container in self._engine.labelled(wanted))
        return tuple(sorted(filter(None, found), key=lambda job: (job.started_at, job.job)))

    def progress(self, lease: LeaseId, job: str) -> Progress | None:
        """How far the job is, as its driver says: it may say anything, within bounds. None where it does not run."""
        container = self._container(lease, job)
        if container.status != "running":
            return None
        said = container.exec_run(["python3", "/opt/progress.py"], stderr=False).output
        try:
            return msgspec.json.decode(said, type=Progress) if isinstance(said, bytes) and said else None
        except msgspec.MsgspecError:
            return None

    async def logs(self, lease: LeaseId, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        """The driver's output and errors, as chunks of bytes."""
        container = await self._engine.call(self._container, lease, job)
        stream = await self._engine.call(container.logs, stream=True, follow=follow)
        # A thread of its own: a follower may wait for hours, and asyncio's shared threads are few.
        with ThreadPoolExecutor(max_workers=1) as pool:
            loop = asyncio.get_running_loop()
            try:
                while True:
                    with translated():
                        chunk = await loop.run_in_executor(pool, next, stream, None)
                    if chunk is None:
                        return
                    yield chunk
            finally:
                # Also what wakes the thread where the reader went away. docker-py's own close leaves its response
                # open, and a socket with it.
                stream.close()
                vars(stream)["_response"].close()

    def execute(self, lease: LeaseId, job: str, words: Sequence[str], within_s: int) -> Ran:
        """Run a command beside the job's program, for so long at most (then it ends with 124)."""
        container = self._container(lease, job)
        if container.status != "running":
            raise InvalidInput(f"The job {job} does not run.", "Only where a job runs can a command be run beside it.")
        client = self._engine.client.api
        command = ["timeout", "--kill-after=2", str(within_s), *words]
        begun = client.exec_create(container.id, command, workdir=f"{JOB}/output")["Id"]
        said = bytearray()
        line = client.exec_start(begun, socket=True)
        try:
            for _, chunk in frames_iter(line, tty=False):  # type: ignore[no-untyped-call]  # docker-py has no types there.
                said += chunk[: MOST_SAID - len(said)]
        finally:
            # docker-py keeps the response beside the socket, and closes neither.
            held = vars(line)["_response"], vars(line)["_sock"], line
            for each in held:
                each.close()
        return Ran(bytes(said), int(client.exec_inspect(begun)["ExitCode"]), len(said) >= MOST_SAID)

    def outputs(self, lease: LeaseId, job: str, target: Path) -> tuple[Path, ...]:
        """Copy what lies under /job/output; the files written."""
        return get_tree(self._container(lease, job), f"{JOB}/output", target)

    def stop(self, lease: LeaseId, job: str) -> None:
        """Stop the driver; already stopped or gone is success."""
        container = self._engine.named(self._label(lease, job).name)
        if container is not None:
            with gone_is_fine():
                container.stop(timeout=_TERMINATE_S)

    def remove(self, lease: LeaseId) -> None:
        """Remove every driver of the lease, and its volumes."""
        self._engine.remove({LEASE: str(lease), ROLE: Role.DRIVER.value, OWNER: self._owner})

    def _label(self, lease: LeaseId, job: str) -> Label:
        return Label(lease=lease, role=Role.DRIVER, owner=self._owner, job=job)

    def _container(self, lease: LeaseId, job: str) -> Container:
        container = self._engine.named(self._label(lease, job).name)
        if container is None:
            raise NotFound(f"This cluster has no job called {job}.", "List its jobs to see their names.")
        return container


def _speaks_http2(port: int) -> bool:
    """Whether a gRPC server listens: the engine's own proxy takes connections before, and says nothing."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.settimeout(2)
        line.sendall(_PREFACE)
        # A server's first frame is SETTINGS (RFC 9113, section 3.4): three bytes of length, then type 4.
        first = line.recv(9)
        return len(first) >= 4 and first[3] == 4
    return False


def _listed(option: str, folder: str, names: Iterable[str]) -> list[str]:
    """The words that hand files to Spark, where there are any."""
    paths = ",".join(f"{folder}/{name}" for name in names)
    return [option, paths] if paths else []


def _inputs(path: Path) -> dict[str, Path]:
    if path.is_dir():
        return {f"input/{child.name}": child for child in sorted(path.iterdir())}
    return {f"input/{path.name}": path}


def _job(container: Container, lease: LeaseId) -> Job | None:
    name = container.labels[JOB_LABEL]
    found = fate(container)
    if found is None:
        return None  # Its volumes are still being filled.
    if found.running:
        state = JobState.RUNNING
    elif found.exit_code == 0:
        state = JobState.SUCCEEDED
    elif found.exit_code in (137, 143) and not found.out_of_memory:
        state = JobState.STOPPED
    else:
        state = JobState.FAILED
    return Job(name, lease, state, found.started_at, found.ended_at, found.cause())
