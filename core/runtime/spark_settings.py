"""Spark's settings for each role, and how a worker's memory is divided. Pure.

The secret travels only in these files, which are written 0400 into a container's own volume: never in an image, an
environment or a command line, all of which `docker inspect` shows.
"""

import re
from collections.abc import Mapping
from typing import Final

from core.errors import InvalidInput
from core.model import Resources

SETTINGS_FILE: Final = "spark.properties"
MASTER_PORT: Final = 7077
SCREEN_PORT: Final = 8080
WORKER_PORT: Final = 7078
METER_PORT: Final = 7079
CONNECT_PORT: Final = 15002
DOORS: Final = (SCREEN_PORT, CONNECT_PORT)
"""What a master's namespace shows on the loopback of its renter's machine, and on nobody else's."""

DRIVER_PORT: Final = 7100
DRIVER_BLOCKS_PORT: Final = 7200
EXECUTOR_BLOCKS_PORT: Final = 7300

PORT_RETRIES: Final = 32
"""How many ports above each of the last three Spark may try: drivers of one cluster, and executors of one worker, share
an address."""

LEAST_WORKER_MIB: Final = 1024
"""Below it an executor's heap and what it needs around it do not fit."""

_LEAST_HEAP_MIB: Final = 500
"""Spark wants 450 MiB as the JVM counts them: without one survivor space, so that 450 MiB of -Xmx are not enough."""

_DAEMON_AND_NATIVE_MIB: Final = 384
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_MASTER = re.compile(r"spark://[A-Za-z0-9][A-Za-z0-9.-]{0,252}:\d{1,5}")

# Both ends prove that they know the secret before a byte of RPC is parsed; all traffic is encrypted with it.
_PRIVACY: Final = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.network.crypto.authEngineVersion": "2",
    "spark.network.crypto.cipher": "AES/GCM/NoPadding",
}
# Workers send heartbeats every quarter of the timeout, and the master looks for silent ones once a timeout: it gives a
# lost machine up after 12 to 24 s instead of 60 to 120 s. core/runtime/screen.py notices it before.
_LOSS: Final = {
    "spark.worker.timeout": "12",
    "spark.network.timeout": "20s",
    "spark.network.timeoutInterval": "5s",
    "spark.storage.blockManagerHeartbeatTimeoutMs": "20000",
    "spark.executor.heartbeatInterval": "3s",
    "spark.shuffle.io.maxRetries": "2",
    "spark.shuffle.io.retryWait": "2s",
    "spark.shuffle.io.connectionTimeout": "10s",
    "spark.rpc.askTimeout": "20s",
}
_DAEMON: Final = {
    "spark.master.rest.enabled": "false",
    "spark.ui.killEnabled": "false",
    "spark.master.ui.decommission.allow.mode": "DENY",
    "spark.decommission.enabled": "true",
}
_WORKER: Final = {
    "spark.worker.cleanup.enabled": "true",
    "spark.worker.cleanup.interval": "60",
    "spark.worker.cleanup.appDataTtl": "600",
}
_DRIVER: Final = {
    "spark.submit.deployMode": "client",
    # On loopback, at any port (jobs.py's SPARK_LOCAL_IP): what /opt/progress.py reads, and nobody outside.
    "spark.ui.enabled": "true",
    "spark.ui.port": "0",
    "spark.ui.killEnabled": "false",
    "spark.ui.threadDumpsEnabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.io.encryption.enabled": "true",
    "spark.decommission.enabled": "true",
    "spark.storage.decommission.enabled": "true",
    "spark.storage.decommission.shuffleBlocks.enabled": "true",
    "spark.storage.decommission.rddBlocks.enabled": "true",
    # The default of 30 s waits out most of an owner's notice before it looks whether all has been moved.
    "spark.storage.decommission.replicationReattemptInterval": "5s",
    "spark.driver.port": str(DRIVER_PORT),
    "spark.driver.blockManager.port": str(DRIVER_BLOCKS_PORT),
    "spark.blockManager.port": str(EXECUTOR_BLOCKS_PORT),
    "spark.port.maxRetries": str(PORT_RETRIES),
    # Laptops differ, and slow down unasked (heat, battery, their owners). Once most of a stage's tasks are done, one
    # that takes twice as long as the median, and longer than a few seconds, is also tried elsewhere, and the first to
    # finish counts. Tasks only: output is committed once, whoever wins.
    "spark.speculation": "true",
    "spark.speculation.interval": "1s",
    "spark.speculation.quantile": "0.75",
    "spark.speculation.multiplier": "2",
    "spark.speculation.minTaskRuntime": "3s",
    "spark.sql.warehouse.dir": "/scratch/warehouse",
    "spark.sql.catalogImplementation": "in-memory",
    # Python functions run without Arrow: the image holds no pyarrow.
    "spark.sql.execution.pythonUDF.arrow.enabled": "false",
    "spark.log.level": "WARN",
    "spark.executor.logs.rolling.strategy": "size",
    "spark.executor.logs.rolling.maxSize": "1048576",
    "spark.executor.logs.rolling.maxRetainedFiles": "2",
}


def executor_heap_mib(memory_mib: int) -> int:
    """The heap of a worker's one executor: 65 % of what is left after 384 MiB, and no less than Spark's least.

    The 384 MiB are the worker daemon (about 120 MiB resident) and the executor's own native memory; the other 35 %
    are for Python workers and network buffers. Raises InvalidInput below LEAST_WORKER_MIB.
    """
    if memory_mib < LEAST_WORKER_MIB:
        raise InvalidInput(
            f"A Spark worker of {memory_mib} MiB is too small.", f"Ask for at least {LEAST_WORKER_MIB} MiB a worker."
        )
    return max(_LEAST_HEAP_MIB, (memory_mib - _DAEMON_AND_NATIVE_MIB) * 65 // 100)


def worker_cores(cpu_millis: int) -> int:
    """How many tasks a worker runs at once: its milli-cores rounded to whole cores, at least 1."""
    return max(1, (cpu_millis + 500) // 1000)


def master_settings(secret: str) -> str:
    """The master's settings file."""
    return _file(_PRIVACY, _LOSS, _DAEMON, _secret(secret))


def master_command(host: str) -> list[str]:
    """Words for the image's entry point."""
    return ["master", "--host", host, "--port", str(MASTER_PORT), "--webui-port", str(SCREEN_PORT)]


def master_address(host: str) -> str:
    """What workers and drivers join."""
    return f"spark://{host}:{MASTER_PORT}"


def worker_settings(secret: str) -> str:
    """A worker's settings file; executors get the secret from their worker."""
    return _file(_PRIVACY, _LOSS, _DAEMON, _WORKER, _secret(secret))


def worker_command(host: str, master: str, resources: Resources) -> list[str]:
    """Words for the image's entry point. Raises InvalidInput: `master` comes from a stranger."""
    if not _MASTER.fullmatch(master):
        raise InvalidInput("The master's address is not acceptable: it must be spark://host:port.")
    return [
        *("worker", "--host", host, "--port", str(WORKER_PORT), "--webui-port", "8081", "--work-dir", "/scratch/work"),
        *("--cores", str(worker_cores(resources.cpu_millis))),
        *("--memory", f"{executor_heap_mib(resources.memory_mib)}m"),
        master,
    ]


def driver_settings(
    secret: str,
    *,
    host: str,
    master: str,
    heap_mib: int,
    executor_mib: int,
    cores: int,
    conf: Mapping[str, str],
    more: Mapping[str, str] | None = None,
) -> str:
    """A driver's settings file: `cores` a worker decides which collector its executors use.

    `conf` is what the renter wants besides (core.submission.Extras), `more` what we do.
    """
    collector = "-XX:+UseSerialGC" if cores < 4 else "-XX:+UseParallelGC"
    return _file(
        {key: _escaped(value) for key, value in conf.items()},
        _PRIVACY,
        _LOSS,
        _DRIVER,
        {
            "spark.master": master,
            "spark.driver.host": host,
            "spark.driver.bindAddress": host,
            "spark.driver.memory": f"{heap_mib}m",
            "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:-UsePerfData",
            "spark.executor.memory": f"{executor_mib}m",
            "spark.executor.extraJavaOptions": f"{collector} -XX:-UsePerfData",
        },
        more or {},
        _secret(secret),
    )


def connect_settings(token: str) -> dict[str, str]:
    """What makes a driver a Spark Connect server: its clients say `token`, and idle executors leave room for jobs."""
    return {
        "spark.connect.authenticate.token": token,
        "spark.connect.grpc.binding.address": "0.0.0.0",
        "spark.connect.grpc.binding.port": str(CONNECT_PORT),
        "spark.dynamicAllocation.enabled": "true",
        "spark.dynamicAllocation.shuffleTracking.enabled": "true",
        "spark.dynamicAllocation.executorIdleTimeout": "20s",
    }


def token_in(settings: str) -> str | None:
    """The token that a settings file of a Spark Connect server holds."""
    found = re.search(r"^spark\.connect\.authenticate\.token=([A-Za-z0-9_-]+)$", settings, re.MULTILINE)
    return found[1] if found else None


def _escaped(value: str) -> str:
    """`value` as Java's properties files write it."""
    return value.replace("\\", "\\\\")


def secret_in(settings: str) -> str | None:
    """The secret that a settings file holds."""
    found = re.search(r"^spark\.authenticate\.secret=([A-Za-z0-9_-]+)$", settings, re.MULTILINE)
    return found[1] if found else None


def _secret(secret: str) -> Mapping[str, str]:
    if not _SECRET.fullmatch(secret):
        raise InvalidInput("The cluster's secret is malformed: it must be 16 to 256 letters, digits, - or _.")
    return {"spark.authenticate.secret": secret}


def _file(*parts: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for part in parts for key, value in part.items())
