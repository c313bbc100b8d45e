"""The sandbox's, the settings' and the names' rules, without a container engine."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.errors import InvalidInput
from core.model import LeaseId, Resources
from core.runtime.images import recipe
from core.runtime.labels import Label, Role, lease_of, member_index, share_of
from core.runtime.probe import Gpus, gpus_in
from core.runtime.sandbox import JOB, SCRATCH, sandbox
from core.runtime.spark_settings import (
    LEAST_WORKER_MIB,
    driver_settings,
    executor_heap_mib,
    master_settings,
    secret_in,
    worker_command,
    worker_cores,
    worker_settings,
)

LEASE = LeaseId("0x" + "5a" * 32)
SECRET = "s" * 32

resources = some.builds(
    Resources,
    cpu_millis=some.integers(10, 2**31 - 1),
    memory_mib=some.integers(64, 2**31 - 1),
    disk_mib=some.integers(0, 2**31 - 1),
    gpu_count=some.integers(0, 16),
    gpu_memory_mib=some.integers(0, 2**31 - 1),
)
labels = some.dictionaries(some.text(max_size=20), some.text(max_size=20), max_size=4)


@given(resources, labels)
def test_no_input_widens_the_sandbox(shape: Resources, marks: dict[str, str]) -> None:
    found = sandbox(shape, marks, SCRATCH, JOB)

    assert found["user"] == "10001:10001"
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["privileged"] is False
    assert found["read_only"] is True
    assert found["tmpfs"] == {"/tmp": "exec,nosuid,nodev,size=256m"}
    assert found["pids_limit"] == 512
    assert found["mem_limit"] == found["memswap_limit"] == shape.memory_mib * 2**20
    assert found["nano_cpus"] == shape.cpu_millis * 10**6
    assert found["restart_policy"] == {"Name": "no"}
    assert found["use_config_proxy"] is False
    assert not found.keys() & {"cap_add", "devices", "network_mode", "pid_mode", "volumes", "volumes_from", "sysctls"}


@given(resources, labels)
def test_only_fresh_labelled_volumes_are_mounted(shape: Resources, marks: dict[str, str]) -> None:
    mounts = sandbox(shape, marks, SCRATCH, JOB)["mounts"]

    assert isinstance(mounts, list)
    assert [(mount["Target"], mount["Source"], mount["Type"]) for mount in mounts] == [
        (SCRATCH, None, "volume"),
        (JOB, None, "volume"),
    ]


@pytest.mark.parametrize("shape", [Resources(), Resources(cpu_millis=1000), Resources(memory_mib=1024)])
def test_unlimited_containers_are_refused(shape: Resources) -> None:
    with pytest.raises(InvalidInput):
        sandbox(shape, {})


@given(some.integers(LEAST_WORKER_MIB, 2**21))
def test_the_executor_leaves_room_for_the_daemon_and_python(memory_mib: int) -> None:
    heap = executor_heap_mib(memory_mib)

    assert heap >= 450
    assert memory_mib - heap >= 384


def test_a_worker_too_small_for_spark_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1024"):
        executor_heap_mib(LEAST_WORKER_MIB - 1)


@pytest.mark.parametrize(("cpu_millis", "cores"), [(100, 1), (1000, 1), (1499, 1), (1500, 2), (4000, 4)])
def test_a_worker_runs_its_whole_cores(cpu_millis: int, cores: int) -> None:
    assert worker_cores(cpu_millis) == cores


@given(some.text(max_size=60))
def test_only_a_master_address_reaches_the_command_line(master: str) -> None:
    shape = Resources(cpu_millis=1000, memory_mib=2048)

    try:
        command = worker_command("worker-0", master, shape)
    except InvalidInput:
        return

    assert re.fullmatch(r"spark://[A-Za-z0-9.-]+:\d+", command[-1])


@given(some.text(max_size=300))
def test_a_secret_cannot_smuggle_in_another_setting(secret: str) -> None:
    try:
        settings = worker_settings(secret)
    except InvalidInput:
        return

    assert secret_in(settings) == secret
    assert len(settings.splitlines()) == len(worker_settings(SECRET).splitlines())


def test_every_role_authenticates_and_encrypts() -> None:
    driver = driver_settings(SECRET, host="d", master="spark://m:7077", heap_mib=512, executor_mib=512, cores=1)

    for settings in (master_settings(SECRET), worker_settings(SECRET), driver):
        assert "spark.authenticate=true\n" in settings
        assert "spark.network.crypto.enabled=true\n" in settings
        assert secret_in(settings) == SECRET


def test_names_lead_back_to_the_share_that_they_were_made_for() -> None:
    label = Label(LEASE, Role.WORKER, "donor-1", share=12)

    assert share_of(label.labels()) == (LEASE, 12)
    assert lease_of(label.labels()) == LEASE
    assert member_index(label.member) == 12


@pytest.mark.parametrize("job", ["", "Upper", "../x", "a b", "-x", "x" * 41])
def test_a_malformed_job_name_is_refused(job: str) -> None:
    with pytest.raises(InvalidInput):
        Label(LEASE, Role.DRIVER, "renter", job=job)


def test_foreign_labels_name_no_share() -> None:
    assert share_of({}) is None
    assert share_of({"sparecloud.lease": "x", "sparecloud.share": "1"}) is None
    assert member_index("worker-1; rm") is None


def test_gpus_are_added_up_and_nonsense_counts_for_nothing() -> None:
    assert gpus_in("") == Gpus()
    assert gpus_in("No devices were found\n") == Gpus()
    assert gpus_in("81559, 81000\n24564, 100\n[N/A], [N/A]\n") == Gpus(2, 106123, 81100)


def test_the_images_tag_changes_with_its_recipe() -> None:
    one = recipe.digest(recipe.DOCKERFILE, recipe.TRIM)

    assert one != recipe.digest(recipe.TRIM, recipe.DOCKERFILE)
    assert re.fullmatch(r"sparecloud-spark:[0-9a-f]{16}", recipe.tag())


def test_spark_is_locked_by_hash() -> None:
    lines = recipe.REQUIREMENTS.read_text("utf-8")

    assert len(re.findall(r"^[a-z0-9]+==\S+ \\$", lines, re.MULTILINE)) == 2
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", lines)) == 2
