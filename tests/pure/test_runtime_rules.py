"""The sandbox's, the settings' and the names' rules, without a container engine."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.errors import InvalidInput, SandboxFailed
from core.model import Kind, LeaseId, Resources
from core.observed import Usage
from core.runtime.bounds import filtering, queueing
from core.runtime.disks import disk_of, first_uid
from core.runtime.gpus import Gpus, found_gpus, gpu_note, hands_gpus_over
from core.runtime.isolation import isolation
from core.runtime.labels import Label, Role, lease_of, network_of, share_of
from core.runtime.sandbox import JOB, PERIOD_US, SCRATCH, quota_us, sandbox
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
from core.runtime.usage import reading, usage

LEASE = LeaseId("0x" + "5a" * 32)
FOUNDER = LeaseId("0x" + "6b" * 32)
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
    assert found["cpu_period"] == PERIOD_US
    assert found["cpu_quota"] == shape.cpu_millis * PERIOD_US // 1000
    assert found["restart_policy"] == {"Name": "no"}
    assert found["use_config_proxy"] is False
    assert not found.keys() & {"cap_add", "devices", "network_mode", "pid_mode", "volumes", "volumes_from", "sysctls"}
    assert "runtime" not in found


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
    driver = driver_settings(
        SECRET, host="d", master="spark://m:7077", heap_mib=512, executor_mib=512, cores=1, conf={}
    )

    for settings in (master_settings(SECRET), worker_settings(SECRET), driver):
        assert "spark.authenticate=true\n" in settings
        assert "spark.network.crypto.enabled=true\n" in settings
        assert secret_in(settings) == SECRET


def test_names_lead_back_to_the_share_that_they_were_made_for() -> None:
    label = Label(LEASE, Role.WORKER, "donor-1", share=12, network=FOUNDER)

    assert share_of(label.labels()) == (LEASE, 12)
    assert lease_of(label.labels()) == LEASE
    assert network_of(label.labels()) == FOUNDER


def test_a_master_and_its_drivers_share_one_node_and_every_worker_has_its_own() -> None:
    master = Label(LEASE, Role.MASTER, "renter")
    driver = Label(LEASE, Role.DRIVER, "renter", job="one")
    workers = [Label(LEASE, Role.WORKER, "donor-1", share=index) for index in range(2)]

    names = [label.beside(Role.PAUSE).name for label in (master, driver, *workers)]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert not set(names) & {label.name for label in (master, driver, *workers)}


@pytest.mark.parametrize("job", ["", "Upper", "../x", "a b", "-x", "x" * 41])
def test_a_malformed_job_name_is_refused(job: str) -> None:
    with pytest.raises(InvalidInput):
        Label(LEASE, Role.DRIVER, "renter", job=job)


def test_foreign_labels_name_no_share() -> None:
    assert share_of({}) is None
    assert share_of({"sparecloud.lease": "x", "sparecloud.share": "1"}) is None
    assert network_of({"sparecloud.network": "0x1; rm"}) is None


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: no programs, no driver, nothing on its bus."""
    for name in ("bin", "bus"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def _gpus(machine: Path) -> Gpus:
    return found_gpus(driver=machine / "driver", devices=machine / "bus")


def _card(machine: Path, vendor: str, kind: str) -> None:
    slot = machine / "bus" / f"{vendor}-{kind}"
    slot.mkdir()
    (slot / "vendor").write_text(vendor + "\n")
    (slot / "class").write_text(kind + "\n")


def _tool(machine: Path, says: str) -> None:
    (machine / "driver").write_text("NVRM version")
    tool = machine / "bin" / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{says}'\n")
    tool.chmod(0o755)


def test_a_machine_without_a_gpu_says_so_without_a_note(machine: Path) -> None:
    _card(machine, "0x8086", "0x030000")
    _card(machine, "0x10de", "0x040300")

    assert _gpus(machine) == Gpus()
    assert gpu_note(_gpus(machine), handed_over=False) == ""


def test_a_gpu_without_its_driver_is_told(machine: Path) -> None:
    _card(machine, "0x10de", "0x030200")

    assert gpu_note(_gpus(machine), handed_over=True) == "An NVIDIA GPU is here, but its driver is not."


def test_a_driver_without_its_tool_is_told(machine: Path) -> None:
    (machine / "driver").write_text("NVRM version")

    assert "nvidia-smi is not" in gpu_note(_gpus(machine), handed_over=True)


def test_a_driver_whose_gpu_does_not_answer_is_told(machine: Path) -> None:
    _tool(machine, "No devices were found\\n")

    assert _gpus(machine).count == 0
    assert gpu_note(_gpus(machine), handed_over=True) == "NVIDIA's driver is here, but no GPU answers."


def test_gpus_are_added_up_and_nonsense_counts_for_nothing(machine: Path) -> None:
    _tool(machine, "81559, 81000\\n24564, 100\\n[N/A], [N/A]\\n")

    found = _gpus(machine)

    assert (found.count, found.memory_mib, found.free_mib) == (2, 106123, 81100)
    assert gpu_note(found, handed_over=True) == ""
    assert gpu_note(found, handed_over=False) == "An NVIDIA GPU is here, but the engine has no NVIDIA runtime."


def test_an_engine_hands_gpus_over_only_with_nvidias_runtime() -> None:
    assert hands_gpus_over({"Runtimes": {"runc": {}, "nvidia": {}}})
    assert not hands_gpus_over({"Runtimes": {"runc": {}}})
    assert not hands_gpus_over({"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]})


@pytest.mark.parametrize(
    ("options", "level"),
    [
        (["name=seccomp,profile=default"], "container"),
        (["name=seccomp,profile=default", "name=userns"], "container+userns"),
        (["name=rootless"], "container+userns"),
        (None, "container"),
    ],
)
def test_the_isolation_offered_is_what_the_engine_says(options: list[str] | None, level: str) -> None:
    found = isolation({"SecurityOptions": options, "Runtimes": {"runc": {}, "runsc": {}}}, "container")

    assert (found.level, found.runtime) == (level, "")


def test_gvisor_is_used_only_where_it_was_asked_for_and_is_there() -> None:
    found = isolation({"Runtimes": {"runc": {}, "runsc": {}}}, "gvisor")

    assert (found.level, found.runtime) == ("gvisor", "runsc")
    with pytest.raises(SandboxFailed, match="runsc"):
        isolation({"Runtimes": {"runc": {}}}, "gvisor")


@given(resources, some.integers(0, 1000))
def test_a_shrunk_worker_never_gets_more_than_its_share_and_never_nothing(shape: Resources, permille: int) -> None:
    quota = quota_us(shape, permille)

    assert 1000 <= quota <= max(1000, shape.cpu_millis * PERIOD_US // 1000)


def test_scratch_lies_on_the_workers_own_disk() -> None:
    disk = disk_of(Label(LEASE, Role.WORKER, "donor-1", share=3))

    mounts = sandbox(Resources(100, 64), {}, SCRATCH, JOB, disk=disk)["mounts"]

    assert isinstance(mounts, list)
    scratch, job = mounts
    assert scratch["VolumeOptions"]["DriverConfig"] == {
        "Name": "local",
        "Options": {"type": "ext4", "device": f"/dev/sparecloud/sparecloud-{'5a' * 32}-worker-3", "o": "nosuid,nodev"},
    }
    assert "DriverConfig" not in job.get("VolumeOptions", {})


def test_users_of_an_engine_that_remaps_them_are_found_by_its_root() -> None:
    assert first_uid("/var/lib/docker") == 0
    assert first_uid("/var/lib/docker/100000.100000") == 100_000


@given(resources)
def test_a_worker_takes_a_disk_even_where_its_share_names_none(shape: Resources) -> None:
    taken = Kind.SPARK.occupied(shape)

    assert taken.disk_mib >= Kind.SPARK.least_disk_mib
    assert shape.fits(taken)


@given(some.integers(1, 2**31 - 1))
def test_what_leaves_is_queued_at_the_bound_and_the_longest_packet_still_passes(kib_s: int) -> None:
    found = re.fullmatch(r"tbf rate (\d+)bit burst (\d+)b latency 300ms", queueing(kib_s))

    assert found is not None
    assert int(found[1]) == kib_s * 8192
    assert int(found[2]) >= max(32 * 1024, int(found[1]) // 8 // 100)


def test_a_bound_of_nothing_is_none() -> None:
    assert queueing(0) == "noqueue"
    assert "limit" not in filtering(0)
    assert "delete table inet bounds" in filtering(0)


def test_what_arrives_too_fast_is_dropped() -> None:
    assert 'iifname "eth0" limit rate over 512 kbytes/second burst 64 kbytes drop' in filtering(512)


def stats(second: int, **more: object) -> dict[str, object]:
    """What an engine says of a container that has used half a core so far."""
    used = {"cpu_usage": {"total_usage": second * 500_000_000, "usage_in_usermode": 1}}
    return {"read": f"2026-11-23T10:00:{second:02d}.123456789Z", "cpu_stats": used, **more}


@pytest.mark.parametrize("name", ["total_inactive_file", "inactive_file"])
def test_processor_time_is_a_rate_and_page_cache_no_memory(name: str) -> None:
    memory = {"usage": 300 << 20, "stats": {name: 100 << 20, "rss": 5}}
    before, now = reading(stats(10, memory_stats=memory)), reading(stats(15, memory_stats=memory))
    outside = reading(stats(15, memory_stats=memory, networks={"eth0": {"rx_bytes": 7, "tx_bytes": 9, "rx_errors": 1}}))

    assert before is not None
    assert now is not None
    assert usage(before, now, outside) == Usage(500, 200, sent_bytes=9, received_bytes=7)
    assert usage(before, now, None) == Usage(500, 200)


def test_an_engine_tells_nothing_of_a_container_that_does_not_run() -> None:
    stopped = {"read": "0001-01-01T00:00:00Z", "cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}

    assert reading(stopped) is None
