"""Which of an owner's programs run: names, and what runs in containers."""

from dataclasses import dataclass, field

import pytest

from core.sensors.procfs import is_owners, whole_name
from core.sensors.programs import LOOK_EVERY_S, ProgramWatch, running

OURS = "Name:\tgame\nUid:\t1000\t1000\t1000\t1000\nNSpid:\t4711\nVmPeak:\t  1 kB\n"
NESTED = OURS.replace("4711", "4711\t7")
DOCKER = "0::/system.slice/docker-0123456789ab.scope\n"
FLATPAK = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.game.Game-4711.scope\n"


@dataclass
class Table:
    """A made-up process table."""

    processes: dict[int, str]
    contained: set[int] = field(default_factory=set)
    looks: int = 0

    def names(self) -> dict[int, str]:
        self.looks += 1
        return self.processes

    def is_owners(self, pid: int) -> bool:
        return pid not in self.contained


def test_programs_are_found_by_name_whatever_their_case_and_ending_and_named_as_asked_for() -> None:
    table = Table({1: "init", 2: "Game.exe", 3: "editor", 4: "gamer"})

    found = running({"game", "Editor.EXE", "absent"}, table)

    assert found == {"game", "Editor.EXE"}


def test_a_process_in_a_container_never_counts_however_it_is_named() -> None:
    table = Table({2: "game", 3: "game"}, contained={2, 3})

    assert running({"game"}, table) == frozenset()


def test_an_owners_process_counts_beside_a_contained_one_of_the_same_name() -> None:
    table = Table({2: "game", 3: "game"}, contained={2})

    assert running({"game"}, table) == {"game"}


def test_processes_are_listed_only_while_somebody_asks_and_then_every_few_seconds() -> None:
    table, now = Table({2: "game"}), 0.0
    watch = ProgramWatch(table, lambda: now)

    for _ in range(60):
        watch.read(frozenset())
        now += 1
    unasked = table.looks
    for _ in range(60):
        assert watch.read(frozenset({"game"})) == {"game"}
        now += 1

    assert unasked == 0
    assert table.looks == 60 // LOOK_EVERY_S


def test_names_asked_for_anew_are_looked_for_at_once() -> None:
    table = Table({2: "game", 3: "editor"})
    watch = ProgramWatch(table, lambda: 0.0)
    watch.read(frozenset({"game"}))

    found = watch.read(frozenset({"editor"}))

    assert found == {"editor"}


@pytest.mark.parametrize(
    ("status", "cgroup", "owners"),
    [
        pytest.param(OURS, "0::/init.scope\n", True, id="in our own namespace"),
        pytest.param(NESTED, DOCKER, False, id="in a container"),
        pytest.param(NESTED, "0::/\n", False, id="in a namespace alone"),
        pytest.param(NESTED, FLATPAK, True, id="in the owner's Flatpak"),
        pytest.param(NESTED, DOCKER.strip() + "/app-flatpak-game.scope\n", False, id="in a group named like a Flatpak"),
        pytest.param(NESTED, DOCKER.strip() + FLATPAK.removeprefix("0::"), False, id="in a path that ends like one"),
        pytest.param("Name:\tgame\n", "0::/\n", False, id="where the kernel does not say"),
        pytest.param(OURS[: OURS.index("4711") + 4], "0::/\n", False, id="where the line is cut off"),
        pytest.param("", "", False, id="gone"),
        pytest.param("Name:\t\\nNSpid:\t1\\n\n" + NESTED, DOCKER, False, id="in a container with a crafted name"),
    ],
)
def test_the_kernels_word_tells_the_owners_processes_from_containers(status: str, cgroup: str, owners: bool) -> None:
    assert is_owners(status, cgroup) is owners


@pytest.mark.parametrize(
    ("short", "command", "name"),
    [
        ("game", "/opt/other\0--flag\0", "game"),
        ("a-very-long-nam", "/opt/a-very-long-name-of-a-game\0", "a-very-long-name-of-a-game"),
        ("verylonggame.ex", "Z:\\games\\verylonggame.exe\0", "verylonggame.exe"),
        ("exactly-fifteen", "/opt/exactly-fifteen\0", "exactly-fifteen"),
        ("a-very-long-nam", "/opt/interpreter\0script\0", "a-very-long-nam"),
        ("a-very-long-nam", "", "a-very-long-nam"),
    ],
)
def test_a_name_that_the_kernel_cut_is_completed_from_the_command(short: str, command: str, name: str) -> None:
    assert whole_name(short, command) == name
