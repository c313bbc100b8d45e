"""The overlay image, as a lease's network uses it, and how what it is made from is fetched."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from docker.models.containers import Container

from core.errors import SandboxFailed
from core.membership import images_folder
from core.runtime.archive import put_files
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images, nebula
from core.runtime.images.fetch import fetch
from tests.real.runtime_lab import a_lab, run

_RULES = b"""
table inet probe {
  chain outgoing {
    type filter hook output priority filter; policy drop;
  }
}
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[ContainerEngine, str]]:
    with a_lab() as (engine, images):
        yield engine, images.overlay()


@contextmanager
def created(lab: tuple[ContainerEngine, str], *command: str, **arguments: Any) -> Iterator[Container]:
    engine, image = lab
    container = engine.client.containers.create(
        image, list(command), **{"network_mode": "none", "read_only": True, "cap_drop": ["ALL"], **arguments}
    )
    try:
        yield container
    finally:
        container.remove(v=True, force=True)


def said(container: Container) -> tuple[int, str]:
    container.start()
    return container.wait(timeout=30)["StatusCode"], container.logs().decode()


def test_pause_needs_no_privilege_and_ends_when_told_to(lab: tuple[ContainerEngine, str]) -> None:
    with created(lab, "pause", pids_limit=8, mem_limit="16m") as pause:
        pause.start()
        pause.reload()
        assert pause.status == "running"

        pause.kill(signal="SIGTERM")

        assert pause.wait(timeout=30)["StatusCode"] == 0
        assert pause.attrs["Config"]["User"] == "65534:65534"


def test_the_firewall_takes_hold_in_the_namespace_that_it_is_given(lab: tuple[ContainerEngine, str]) -> None:
    with created(lab, "pause") as pause:
        pause.start()
        there = {"network_mode": f"container:{pause.id}", "user": "0:0", "cap_add": ["NET_ADMIN"]}

        with created(lab, "firewall", "/rules/rules.nft", volumes=["/rules"], **there) as firewall:
            put_files(firewall, "/rules", {"rules.nft": _RULES}, owner=0)
            loaded = said(firewall)
        with created(lab, "list", "ruleset", entrypoint="nft", **there) as listing:
            listed = said(listing)

        assert loaded == (0, "")
        assert listed[0] == 0
        assert "policy drop" in listed[1]


@pytest.mark.parametrize("rules", [b"table inet probe { nonsense }\n", None], ids=["broken", "missing"])
def test_a_firewall_that_cannot_be_set_fails_loudly(lab: tuple[ContainerEngine, str], rules: bytes | None) -> None:
    with created(lab, "firewall", "/rules/rules.nft", volumes=["/rules"], user="0:0", cap_add=["NET_ADMIN"]) as it:
        if rules is not None:
            put_files(it, "/rules", {"rules.nft": rules}, owner=0)

        code, words = said(it)

        assert code == 1
        assert "Error" in words


def test_the_image_and_this_machine_have_the_same_pinned_nebula(lab: tuple[ContainerEngine, str]) -> None:
    kept = nebula.binary(images_folder())

    here = subprocess.run([kept, "-version"], check=True, capture_output=True, text=True, timeout=30).stdout
    with created(lab, "-version", entrypoint="nebula") as there:
        inside = said(there)

    assert "1.12.0" in here
    assert inside == (0, here)


def test_an_unknown_role_is_refused(lab: tuple[ContainerEngine, str]) -> None:
    with created(lab, "shell") as container:
        assert said(container) == (64, "unknown role: shell\n")


def test_the_overlay_image_may_run_no_renters_work(lab: tuple[ContainerEngine, str]) -> None:
    engine, overlay = lab

    spark, second = run(Images(engine, images_folder()).ensure())

    assert second.digest == overlay
    assert Images(engine, images_folder()).allowed() == spark.digest != overlay


def test_an_image_that_was_not_built_here_is_not_named(lab: tuple[ContainerEngine, str], tmp_path: Path) -> None:
    images = Images(lab[0], tmp_path)

    with pytest.raises(SandboxFailed, match="sparecloud-overlay has not been built on this machine"):
        images.overlay()


def test_a_download_that_fails_says_what_could_not_be_had(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"nobody-made-this==1 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(SandboxFailed, match="Go could not be downloaded"):
        fetch("Go", lock, tmp_path / "fetched", "--no-index")
