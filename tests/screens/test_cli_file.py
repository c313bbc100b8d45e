"""cluster.toml: read as strictly as a command line, compared with what runs, made so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.change import Change, ChangeKind
from core.errors import SparecloudError
from core.model import Amount, Resources
from core.quote import LossPolicy, Request
from renter_tui import clusterfile
from tests.screens.test_cli import Terminal, terminal
from tests.scripted_agent import cluster

__all__ = ["terminal"]

WHOLE = """
name = "etl"
workers = 3
cores = "0.5"
memory = "1536M"
for = "1h30m"
max_price = "20"
most_per_donor = 2
tightness = 40
confidence = "99.5"
on_loss = "shrink"

[job]
program = "job.py"
arguments = ["--year", "2026"]
input = "data"
output = "out"

[job.conf]
"spark.sql.shuffle.partitions" = "16"
"""
REQUEST = Request(
    Resources(500, 1536),
    3,
    5400,
    ceiling=Amount(20 * 10**18),
    most_per_donor=2,
    tightness_percent=40,
    confidence_per_mille=995,
    on_loss=LossPolicy.SHRINK,
)
PLAIN = 'name = "demo"\nworkers = 3\nmemory = "1536M"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.py").write_text("print(1)", "utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "cluster.toml").write_text(WHOLE, "utf-8")
    return tmp_path


def test_every_key_becomes_what_the_command_line_would_have_said(folder: Path) -> None:
    file = clusterfile.read(folder / "cluster.toml")

    assert (file.name, file.request) == ("etl", REQUEST)
    assert file.job["program"] == str(folder / "job.py")


def test_launch_and_quote_take_a_file_and_the_command_line_overrides_it(terminal: Terminal, folder: Path) -> None:
    launched = terminal.run("launch", "--from", "cluster.toml", "--yes")
    other = terminal.run("launch", "other", "--from", "cluster.toml", "--workers", "2", "--yes")
    quoted = terminal.run("quote", "--from", "cluster.toml")

    assert (launched.exit_code, other.exit_code, quoted.exit_code) == (0, 0, 0), launched.output + other.output
    calls = [call[1:3] for call in terminal.agent.asked if call[0] == "launch"]
    assert calls == [("etl", REQUEST), ("other", replace(REQUEST, workers=2))]


def test_run_takes_its_program_from_the_file_too(terminal: Terminal, folder: Path) -> None:
    result = terminal.run("run", "--from", "cluster.toml", "--yes")

    assert result.exit_code == 0, result.output
    ((_, name, program, arguments, inputs, extras),) = [call for call in terminal.agent.asked if call[0] == "submit"]
    assert (name, program, arguments, inputs) == ("etl", Path("job.py"), ("--year", "2026"), Path("data"))
    assert extras.conf == {"spark.sql.shuffle.partitions": "16"}  # type: ignore[attr-defined]
    assert ("outputs", "etl", "job-1", Path("out")) in terminal.agent.asked


def test_a_file_read_from_elsewhere_means_paths_from_its_own_folder(
    terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)

    result = terminal.run("run", "--from", str(folder / "cluster.toml"), "--yes")

    assert result.exit_code == 0, result.output
    assert any(call[0] == "submit" and call[2] == folder / "job.py" for call in terminal.agent.asked)


def test_a_plan_without_a_cluster_is_its_quote_and_nothing_is_launched(terminal: Terminal, folder: Path) -> None:
    result = terminal.run("plan")
    told = terminal.json("plan", "cluster.toml")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("etl does not run: `sparecloud apply cluster.toml` would launch it.\n\n#  DONOR")
    assert (told["running"], told["differences"]) == (False, [])
    assert not [call for call in terminal.agent.asked if call[0] == "launch"]


def test_a_plan_says_what_is_otherwise_and_what_each_would_take(terminal: Terminal, folder: Path) -> None:
    terminal.agent.clusters["demo"] = cluster()
    (folder / "cluster.toml").write_text(
        'name = "demo"\nworkers = 5\nmemory = "2G"\nfor = "2h"\non_loss = "stop"\n', "utf-8"
    )

    result = terminal.run("plan")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "demo runs, and cluster.toml says otherwise:",
        "WHAT     NOW              WANTED         HOW",
        "workers  3                5              in place",
        "worker   1 core, 1.5 GiB  1 core, 2 GiB  needs another cluster",
        "on loss  replace          stop           needs another cluster",
        "time     1 h 00 min       2 h 00 min     in place",
    ]


def test_apply_launches_changes_in_place_and_then_has_nothing_to_do(terminal: Terminal, folder: Path) -> None:
    (folder / "cluster.toml").write_text(PLAIN, "utf-8")
    first = terminal.run("apply", "--yes")
    (folder / "cluster.toml").write_text(PLAIN.replace("3", "5", 1) + 'for = "2h"\n', "utf-8")
    second = terminal.run("apply", "--yes")
    (folder / "cluster.toml").write_text(PLAIN, "utf-8")
    third = terminal.run("apply", "--yes")

    assert (first.exit_code, second.exit_code, third.exit_code) == (0, 0, 0), second.output
    assert [call[2] for call in terminal.agent.asked if call[0] == "change"] == [
        Change(ChangeKind.RESIZE, workers=5),
        Change(ChangeKind.EXTEND, seconds=3600),
    ]
    assert third.stdout.startswith("demo is as cluster.toml says.")


def test_apply_refuses_what_only_another_cluster_could_be_before_it_changes_anything(
    terminal: Terminal, folder: Path
) -> None:
    terminal.agent.clusters["demo"] = cluster()
    (folder / "cluster.toml").write_text('name = "demo"\nworkers = 5\nmemory = "4G"\n', "utf-8")

    result = terminal.run("apply", "--yes", "--json")

    assert result.exit_code == 2
    assert "worker cannot be changed about a cluster that runs." in json.loads(result.stderr)["title"]
    assert not [call for call in terminal.agent.asked if call[0] == "change"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cluster.toml does not describe a cluster: Object missing required field `name`."),
        ("name = 3", "cluster.toml does not describe a cluster: name: Expected `str`, got `int`."),
        ('name = "Etl"', "cluster.toml: 'Etl' cannot be a cluster's name."),
        ('name = "etl"\nworker = 3', "Object contains unknown field `worker`"),
        ('name = "etl"\nworkers = -1', "cluster.toml: --workers is out of bounds"),
        ('name = "etl"\nworkers = "3"', "workers: Expected `int`, got `str`."),
        ('name = "etl"\ncores = 0.5', "cores: Expected `int | str`, got `float`."),
        ('name = "etl"\nmemory = "2T"', "cluster.toml: '2T' is not an amount of memory."),
        ('name = "etl"\nfor = "soon"', "cluster.toml: 'soon' is not a length of time."),
        ('name = "etl"\nmax_price = 1.5', "max_price: Expected `str | null`, got `float`."),
        ('name = "etl"\nmax_price = "1e3"', "cluster.toml: '1e3' is not an amount of SPARE."),
        ('name = "etl"\non_loss = "pray"', "on_loss: Invalid enum value 'pray'."),
        ('name = "etl"\n[job]\narguments = []', "job: Object missing required field `program`."),
        ('name = "etl', "does not describe a cluster"),
        ("\x00\x01", "does not describe a cluster"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key_and_code_2(
    terminal: Terminal, folder: Path, text: str, sentence: str
) -> None:
    (folder / "cluster.toml").write_text(text, "utf-8")

    for words in (("plan",), ("launch", "--from", "cluster.toml", "--yes")):
        result = terminal.run(*words)
        assert result.exit_code == 2
        assert sentence in result.stderr
        assert "Traceback" not in result.stderr
    assert not terminal.agent.asked


def test_a_file_that_is_not_there_or_no_text_is_told(terminal: Terminal, folder: Path) -> None:
    (folder / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (folder / "long.toml").write_bytes(b"#" * (clusterfile.MAX_BYTES + 1))

    missing, folder_itself = terminal.run("plan", "nowhere.toml"), terminal.run("plan", str(folder))
    binary, long = terminal.run("plan", "binary.toml"), terminal.run("plan", "long.toml")

    assert missing.exit_code == 8 and "There is no file nowhere.toml." in missing.stderr
    assert folder_itself.exit_code == 2 and "cannot be read: Is a directory." in folder_itself.stderr
    assert binary.exit_code == 2 and "does not describe a cluster" in binary.stderr
    assert long.exit_code == 2 and "is longer than 256 KiB." in long.stderr


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_a_file_holds_it_is_a_cluster_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(b'name = "etl"\n' + content)

    try:
        clusterfile.read(path)
    except SparecloudError as refused:
        assert refused.title
