"""Every verb of the command line against a scripted agent: its text, its JSON, its exit code."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from core.errors import ChainUnavailable, NotEnoughCoin, WalletUnavailable
from core.gateway.agent import RenterAgent
from core.gateway.host import Build
from core.model import Address, Amount, LeaseId, Resources
from core.observed import JobState
from core.quote import Request
from core.selftest import Check, State, Tell
from renter_tui.commands import cli
from renter_tui.commands.shell import Shell, Tools
from renter_tui.deploying import Deployer, Order
from renter_tui.holder import Holder
from tests.scripted_agent import DONORS, NOW, RENTER, SHORT, ScriptedAgent, cluster

ORDER = ("--workers", "3", "--cores", "1", "--memory", "1536M", "--hours", "1")


@dataclass
class Wallet:
    """Records what the wallet verbs ask for."""

    asked: list[tuple[object, ...]] = field(default_factory=list)
    checked: Check = field(default=Check("Images", State.WARNED, "They are not here yet.", "Wait."))

    def wallet_create(self, home: Path, passphrase_file: Path | None) -> Address:
        self.asked.append(("create", home, passphrase_file))
        return RENTER

    def wallet_import(self, home: Path, key: str, passphrase_file: Path | None) -> Address:
        self.asked.append(("import", home, key, passphrase_file))
        if key != "ab" * 32:
            raise WalletUnavailable("That is not a key.", "Try again.")
        return RENTER

    def wallet_import_keystore(self, home: Path, text: str, passphrase: str, passphrase_file: Path | None) -> Address:
        self.asked.append(("import keystore", home, text, passphrase, passphrase_file))
        return RENTER

    def wallet_export(self, home: Path, target: Path, passphrase: str) -> Address:
        self.asked.append(("export", home, target, passphrase))
        return RENTER

    def wallet_address(self, home: Path) -> Address:
        self.asked.append(("address", home))
        return RENTER

    def wallet_lock(self, home: Path) -> None:
        self.asked.append(("lock", home))

    def wallet_unlock(self, home: Path, passphrase: str) -> Address:
        self.asked.append(("unlock", home, passphrase))
        return RENTER

    @asynccontextmanager
    async def holder(self, home: Path) -> AsyncGenerator[Holder]:
        self.asked.append(("holder", home))
        raise ChainUnavailable("The chain node does not answer.", "Try again.")
        yield

    async def examine(self, home: Path, tell: Tell) -> None:
        self.asked.append(("examine", home))
        tell(Check("Disk", State.RUNNING, "Looking for room."))
        tell(Check("Disk", State.PASSED, "9 GiB are free."))
        tell(self.checked)

    def deployer(self, home: Path, order: Order) -> Deployer:
        self.asked.append(("deployer", home, order))
        raise ChainUnavailable("The chain node does not answer.", "Try again.")


class Terminal:
    """Runs verbs against `agent`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.agent = ScriptedAgent()
        self.wallet = Wallet()

    def run(self, *words: str, typed: str = "") -> Result:
        shell = Shell(Tools(self._connect, self._build, lambda: self.wallet), patience_s=0.05)
        return CliRunner().invoke(cli, ["--home", str(self.home), *words], obj=shell, input=typed)

    def json(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return json.loads(result.stdout)

    def _connect(self, home: Path) -> AbstractAsyncContextManager[RenterAgent]:
        assert home == self.home

        @asynccontextmanager
        async def opened() -> AsyncIterator[RenterAgent]:
            yield self.agent

        return opened()

    def _build(self) -> Build:
        raise AssertionError("no verb but `agent` builds one")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def renting(terminal: Terminal) -> Terminal:
    terminal.agent.put(cluster())
    return terminal


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "job.py"
    path.write_text("print(42)")
    return path


def test_the_doctor_says_what_it_found_and_the_cure(terminal: Terminal) -> None:
    well = terminal.run("doctor")
    told = terminal.json("doctor")["checks"]
    terminal.wallet.checked = Check("Chain", State.FAILED, "It is silent.", "Start its node.")
    ill = terminal.run("doctor")

    assert well.exit_code == 0
    assert well.stderr.startswith("+ Disk: 9 GiB are free.\n! Images: They are not here yet. Wait.\nNothing stands")
    assert [check["state"] for check in told] == ["passed", "warned"]
    assert ill.exit_code == 1
    assert "x Chain: It is silent. Start its node.\n1 of 2 checks failed: Chain.\n" in ill.stderr


def test_market_lists_the_donors(terminal: Terminal) -> None:
    result = terminal.run("market")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == [
        "DONOR   ADDRESS      CORES  GIB  SPARE/H  EXPIRES",
        "ada     0xaaaa…aaaa    4.0  8.0   0.0043     30 s",
    ]
    assert terminal.json("market")["market"][0]["name"] == "ada"


def test_an_empty_market_is_a_sentence(terminal: Terminal) -> None:
    terminal.agent.market = ()

    assert terminal.run("market").stdout == "No donor offers anything now.\n"
    assert terminal.json("market") == {"now": NOW, "market": []}


def test_quote_shows_donors_waste_and_total(terminal: Terminal) -> None:
    result = terminal.run("quote", *ORDER)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "#  DONOR   ADDRESS      WORKER           SPARE/H  AT MOST",
        "0  ada     0xaaaa…aaaa  1 core, 1.5 GiB   3.6000   3.6000",
        "1  zuse    0xbbbb…bbbb  1 core, 1.5 GiB   3.6000   3.6000",
        "2  hopper  0xcccc…cccc  1 core, 1.5 GiB   3.6000   3.6000",
        "",
        "Pledged: nothing: the donors have no stake",
        "Waste:   2.1 % of what is leased (0.4 % at best)",
        "Chance:  85.7 % that 3 workers stay to the end",
        "Network: not measured yet: these donors have not served together",
        "Total:   10.8 SPARE at most",
    ]
    told = terminal.json("quote", *ORDER, "--ceiling", "5", "--most-per-donor", "1")
    assert told["total"] == 10_800_000_000_000_000_000
    assert told["quote"]["request"]["ceiling"] == 5 * 10**18
    assert told["quote"]["request"]["most_per_donor"] == 1


def test_the_slider_and_the_wanted_confidence_reach_the_allocator(terminal: Terminal) -> None:
    told = terminal.json("quote", *ORDER, "--tightness", "75", "--confidence", "99.5")

    assert told["quote"]["request"]["tightness_percent"] == 75
    assert told["quote"]["request"]["confidence_per_mille"] == 995
    assert "--tightness is out of bounds" in terminal.run("quote", *ORDER, "--tightness", "101").stderr
    assert "--confidence is out of bounds" in terminal.run("quote", *ORDER, "--confidence", "100%").stderr


def test_the_frontier_shows_what_less_waste_costs(terminal: Terminal) -> None:
    result = terminal.run("quote", *ORDER, "--frontier")

    asked = [call[1] for call in terminal.agent.asked if call[0] == "quote"]
    assert [one.tightness_percent for one in asked if isinstance(one, Request)] == [0, 10, 25, 50, 75, 100]
    assert result.stdout.splitlines()[:2] == [
        "TIGHTNESS  AT MOST  WASTE  AT BEST  DONORS  CHANCE",
        "      0 %  10.8000  2.1 %    0.4 %       3  85.7 %",
    ]
    assert len(terminal.json("quote", *ORDER, "--frontier")["quotes"]) == 6


def test_a_quote_says_why_a_donor_was_not_chosen(terminal: Terminal) -> None:
    by_name = terminal.run("quote", *ORDER, "--why", "zuse")
    by_address = terminal.json("quote", *ORDER, "--why", "0x" + "D" * 40)
    unknown = terminal.run("quote", *ORDER, "--why", "nobody")

    assert by_name.stdout == "Not chosen: the best plan with a worker on it is 3 % worse.\n"
    assert by_address["why"]["donor"] == "0x" + "d" * 40
    assert "No donor is named nobody." in unknown.stderr


def test_a_shortfall_is_a_sentence_and_exit_code_9(terminal: Terminal) -> None:
    terminal.agent.shortfall = SHORT

    for verb in (("quote",), ("launch", "demo", "--yes")):
        text, told = terminal.run(*verb, *ORDER), terminal.run(*verb, *ORDER, "--json")

        assert text.exit_code == told.exit_code == 9
        assert text.stderr == "No donor has 64 GiB free.\nWhat would fit: workers of 4 cores, 8 GiB.\n"
        assert json.loads(told.stdout)["shortfall"]["binding"] == "memory_mib"
    assert "launch" not in [call[0] for call in terminal.agent.asked]


def test_launch_asks_pays_and_shows_each_phase(terminal: Terminal) -> None:
    result = terminal.run("launch", "demo", *ORDER, typed="y\n")

    assert result.exit_code == 0
    sentence = (
        "Pay up to 10.8 SPARE for 1 h of 3 workers (1 core, 1.5 GiB each); what is not served is refunded. Go on? [y/N]"
    )
    assert sentence in result.stderr
    assert "opening: Paying the deposit into escrow." in result.stderr
    assert result.stdout == "Running with 3 of 3 workers.\nNext: sparecloud submit demo job.py\n"
    assert terminal.agent.asked[-1][0::3] == ("launch", 10_800_000_000_000_000_000)


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_launch_does_nothing_without_a_yes(terminal: Terminal, typed: str) -> None:
    result = terminal.run("launch", "demo", *ORDER, typed=typed)

    assert result.exit_code == 1
    assert "Nothing was done" in result.stderr
    assert not terminal.agent.clusters


def test_launch_as_json_prints_the_cluster_alone(terminal: Terminal) -> None:
    assert terminal.json("launch", "demo", *ORDER, "--yes")["state"] == "running"


def test_a_launch_understands_the_words_of_other_clouds(terminal: Terminal) -> None:
    usual = ("--workers", "3", "--cpu", "1", "--memory", "1536M", "--for", "1h", "--max-price", "5")

    terminal.json("launch", "--name", "demo", *usual, "--yes")

    launched = next(call for call in terminal.agent.asked if call[0] == "launch")
    assert launched[1] == "demo"
    assert launched[2] == replace(Request(Resources(1000, 1536), 3, 3600), ceiling=Amount(5 * 10**18))


def test_a_launch_that_ends_otherwise_says_why(terminal: Terminal) -> None:
    terminal.agent.script = (("proposed", ""), ("ended", "A donor did not answer in time."))

    result = terminal.run("launch", "demo", *ORDER, "--yes", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stderr)["title"] == "demo did not start. A donor did not answer in time."
    assert json.loads(result.stderr)["hint"] == "Nothing was paid."


def test_a_launch_is_not_confused_by_an_ended_cluster_of_its_name(terminal: Terminal) -> None:
    old = replace(cluster(state="ended", ended=True), lease=LeaseId("0x" + "d" * 64))
    terminal.agent.put(old)

    assert terminal.run("launch", "demo", *ORDER, "--yes").exit_code == 0


def test_ctrl_c_while_a_cluster_starts_only_stops_watching(terminal: Terminal) -> None:
    terminal.agent.on_watch = lambda: signal.raise_signal(signal.SIGINT)

    result = terminal.run("launch", "demo", *ORDER, "--yes")

    assert result.exit_code == 130
    assert "`sparecloud status demo` shows it, `sparecloud destroy demo` ends it." in result.stderr
    assert "demo" in terminal.agent.clusters


def test_an_error_is_two_lines_or_one_object(terminal: Terminal) -> None:
    terminal.agent.failure = NotEnoughCoin("The wallet holds 1 SPARE.", "Add some.")

    text, told = terminal.run("ls"), terminal.run("ls", "--json")

    assert text.exit_code == told.exit_code == 5
    assert (text.stdout, text.stderr) == ("", "The wallet holds 1 SPARE.\nAdd some.\n")
    assert json.loads(told.stderr) == {
        "error": "NotEnoughCoin",
        "title": "The wallet holds 1 SPARE.",
        "hint": "Add some.",
    }


@pytest.mark.parametrize(
    "words",
    [
        ("quote", "--memory", "2"),
        ("quote", "--hours", "soon"),
        ("quote", "--workers", "0"),
        ("quote", "--bogus"),
        ("bogus",),
        ("status",),
        ("submit", "demo", "/no/such/job.py"),
    ],
)
def test_a_wrong_command_line_is_a_sentence_and_exit_code_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    result = terminal.run(*words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert not terminal.agent.asked


def test_ls_lists_the_clusters(renting: Terminal) -> None:
    result = renting.run("ls")

    assert result.stdout.splitlines() == [
        "NAME  STATE    WORKERS  SPARE/H   SPENT  DEPOSIT        LEFT",
        "demo  running      3/3  10.8000  0.1800  10.8000  1 h 00 min",
    ]
    assert renting.json("ls")["clusters"][0]["name"] == "demo"


def test_ls_without_clusters_is_a_sentence(terminal: Terminal) -> None:
    assert terminal.run("ls").stdout == "There is no cluster yet.\n"
    assert terminal.json("ls") == {"now": NOW, "clusters": []}


def test_status_shows_workers_and_money(renting: Terminal) -> None:
    result = renting.run("status", "demo")

    assert "State:   running. Running with 3 of 3 workers." in result.stdout
    assert "0  ada     serving  1 core, 1.5 GiB  1 min 00 s  0.0600" in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines() if not line.startswith("Spent"))
    assert renting.json("status", "demo")["workers"][0]["donor"] == DONORS[0]


@pytest.mark.parametrize("words", [("status", "none"), ("destroy", "none", "--yes"), ("logs", "none", "job-1")])
def test_an_unknown_cluster_is_exit_code_8(terminal: Terminal, words: tuple[str, ...]) -> None:
    result = terminal.run(*words)

    assert result.exit_code == 8
    assert "no cluster named none" in result.stderr


def test_submit_streams_the_output_and_copies_the_result(renting: Terminal, program: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"

    result = renting.run("submit", "demo", str(program), "--output", str(target), "--", "--year", "2026")

    assert result.exit_code == 0
    assert result.stdout == "counting\n42\n"
    assert result.stderr == f"job-1 runs on demo.\nWrote {target}/part-0.csv\njob-1 succeeded.\n"
    assert renting.agent.asked[0] == ("submit", "demo", program, ("--year", "2026"), None)


def test_submit_as_json_keeps_stdout_for_the_job(renting: Terminal, program: Path) -> None:
    result = renting.run("submit", "demo", str(program), "--json")

    assert json.loads(result.stdout)["state"] == "succeeded"
    assert result.stderr == "counting\n42\n"


def test_a_job_that_fails_is_exit_code_1(renting: Terminal, program: Path) -> None:
    renting.agent.verdict = JobState.FAILED

    result = renting.run("submit", "demo", str(program), "--output", "out")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-2:] == [
        "job-1 failed. Exit 1.",
        "`sparecloud logs demo job-1` shows its output.",
    ]
    assert "outputs" not in [call[0] for call in renting.agent.asked]


def test_a_detached_job_is_named_and_not_waited_for(renting: Terminal, program: Path) -> None:
    assert renting.run("submit", "demo", str(program), "--detach").stdout == "job-1\n"
    assert renting.json("submit", "demo", str(program), "--detach")["state"] == "running"
    assert renting.run("submit", "demo", str(program), "--detach", "--output", "out").exit_code == 2


def test_ctrl_c_while_a_job_runs_only_stops_watching(renting: Terminal, program: Path) -> None:
    renting.agent.on_watch = lambda: signal.raise_signal(signal.SIGINT)

    result = renting.run("submit", "demo", str(program))

    assert result.exit_code == 130
    assert "`sparecloud logs demo job-1 -f` shows it, `sparecloud stop demo job-1` ends it." in result.stderr


def test_logs_prints_the_bytes(renting: Terminal) -> None:
    renting.agent.output = (b"\xff\x00", b"\n")

    assert renting.run("logs", "demo", "job-1").stdout_bytes == b"\xff\x00\n"
    renting.run("logs", "demo", "job-1", "-f")
    assert renting.agent.asked[-1] == ("logs", "demo", "job-1", True)


def test_outputs_and_stop_reach_the_job(renting: Terminal, tmp_path: Path) -> None:
    assert renting.run("outputs", "demo", "job-1", str(tmp_path)).stdout == f"{tmp_path}/part-0.csv\n"
    assert renting.run("stop", "demo", "job-1").stdout == "job-1 stops.\n"


def test_destroy_shows_what_each_donor_was_paid(renting: Terminal) -> None:
    result = renting.run("destroy", "demo", typed="y\n")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "#  DONOR   ADDRESS          SERVED    PAID",
        "0  ada     0xaaaa…aaaa  1 min 00 s  0.0600",
        "1  zuse    0xbbbb…bbbb  1 min 00 s  0.0600",
        "2  hopper  0xcccc…cccc  1 min 00 s  0.0600",
        "",
        "0.18 SPARE paid to donors, 10.62 SPARE refunded to you.",
    ]


def test_destroy_asks_first_and_only_while_there_is_something_to_end(renting: Terminal) -> None:
    assert renting.run("destroy", "demo", typed="n\n").exit_code == 1
    assert not renting.agent.asked

    assert renting.json("destroy", "demo", "--yes")["ended"] is True
    assert renting.run("destroy", "demo").exit_code == 0
    assert renting.agent.asked == [("destroy", "demo")]


def test_wallet_shows_the_address_where_the_chain_does_not_answer(terminal: Terminal) -> None:
    for words in (("wallet",), ("wallet", "show")):
        result = terminal.run(*words)

        assert result.stdout == f"Address:  {RENTER}\nThe chain node does not answer.\nTry again.\n"
        assert terminal.json(*words)["balances"] is None
    assert not terminal.agent.asked


def test_an_exported_key_is_asked_a_passphrase_twice(terminal: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "backup.json"

    differing = terminal.run("wallet", "export", str(target), typed="one\nother\n")
    exported = terminal.run("wallet", "export", str(target), typed="hills\nhills\n")

    assert differing.exit_code == 1
    assert exported.exit_code == 0 and "hills" not in exported.output
    assert terminal.wallet.asked == [("export", terminal.home, target, "hills")]


def test_a_key_file_is_imported_under_a_passphrase_of_its_own(terminal: Terminal, program: Path) -> None:
    both = terminal.run("wallet", "import", "--keystore", str(program), "--key-file", str(program))
    imported = terminal.run("wallet", "import", "--keystore", str(program), typed="hills\n")

    assert both.exit_code == 2
    assert imported.stdout == f"{RENTER}\n" and "hills" not in imported.output
    assert terminal.wallet.asked == [("import keystore", terminal.home, "print(42)", "hills", None)]


def test_locking_says_what_it_does_not_lock(terminal: Terminal) -> None:
    assert terminal.run("wallet", "lock", typed="n\n").exit_code == 1
    assert not terminal.wallet.asked

    assert "An agent that runs keeps the key in its memory" in terminal.run("wallet", "lock", "--yes").stdout
    assert terminal.json("wallet", "unlock", "--passphrase-file", __file__)["address"] == RENTER


@pytest.mark.parametrize(
    "words",
    [
        ("wallet", "stake", "0"),
        ("wallet", "stake", "-1"),
        ("wallet", "stake", "1e3"),
        ("wallet", "stake", "1,5"),
        ("wallet", "stake", "0.0000000000000000001"),
        ("wallet", "stake"),
        ("wallet", "send", "1", "0x1234"),
        ("wallet", "send", "1"),
        ("wallet", "withdraw", "1", "--to", "ada"),
        ("sale", "buy"),
        ("sale", "buy", "0.2", "--coin", "5"),
        ("sale", "buy", "0"),
        ("deploy", "--network", "mars", "--rpc-url", "http://127.0.0.1:1", "--book", "book.json"),
        ("deploy", "--network", "sepolia", "--book", "book.json"),
        ("trial", "challenge", "demo", "one"),
        ("trial", "conclude", "ada"),
        ("court", "enroll", "0"),
        ("court", "vote", "0x12", "perhaps"),
        ("court", "show", "12"),
    ],
)
def test_money_that_is_mistyped_is_refused_before_anything_is_asked(terminal: Terminal, words: tuple[str, ...]) -> None:
    result = terminal.run(*words, "--yes") if words[1] != "show" else terminal.run(*words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert not terminal.wallet.asked


def test_a_cluster_without_a_journal_cannot_be_brought_to_trial(terminal: Terminal, program: Path) -> None:
    for words in (("trial", "challenge", "demo", "0"), ("court", "accuse", "demo", "0", "--evidence", str(program))):
        assert terminal.run(*words, "--yes").exit_code == 8
    assert not terminal.wallet.asked


def test_wallet_creates_and_imports_without_showing_a_key(terminal: Terminal, program: Path) -> None:
    created = terminal.run("wallet", "create", "--passphrase-file", str(program))
    imported = terminal.run("wallet", "import", typed="ab" * 32 + "\n")
    refused = terminal.run("wallet", "import", "--key-file", "-", "--json", typed="cd\n")

    assert created.stdout.startswith(RENTER) and imported.stdout == f"{RENTER}\n"
    assert "abab" not in imported.output
    assert (refused.exit_code, json.loads(refused.stderr)["title"]) == (5, "That is not a key.")
    assert terminal.wallet.asked[:2] == [
        ("create", terminal.home, program),
        ("import", terminal.home, "ab" * 32, None),
    ]


def _verbs(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _verbs(command, *before, name)
        elif not command.hidden:
            yield (*before, name)


@pytest.mark.parametrize("verb", list(_verbs(cli)), ids=" ".join)
def test_help_shows_a_worked_example(terminal: Terminal, verb: tuple[str, ...]) -> None:
    result = terminal.run(*verb, "--help")

    assert result.exit_code == 0
    assert f"\n  sparecloud {' '.join(verb)}" in result.stdout
    assert "--json" in result.stdout


def test_verbs_that_need_no_chain_do_not_load_one() -> None:
    heavy = "[name for name in ('web3', 'docker', 'nats', 'core.chain.node') if name in sys.modules]"
    code = f"import sys; import renter_tui.__main__; print({heavy})"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert run.stdout == "[]\n"


def test_the_hidden_verb_is_not_listed(terminal: Terminal) -> None:
    assert "  agent" not in terminal.run("--help").stdout
