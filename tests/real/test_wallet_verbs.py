"""The verbs about money against a real chain: what they ask, what they do, and that no key is ever shown."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from click.testing import CliRunner, Result

from core import settings as settings_file
from core.chain.client import EscrowChain
from core.chain.deployment import CourtRules, Periods, Plan, SalePlan, TrialRules, deploy
from core.chain.devchain import read_ready
from core.chain.keystore import Passphrase, write_for_owner
from core.chain.suite import Connection
from core.chain.wallet import Wallet, wallet_in
from core.cluster import Cluster
from core.journal import open_journal
from core.lease import Part, PartState, Rental, RentalPhase
from core.membership import PASSPHRASE_FILE
from core.messages import Accepted, encode
from core.model import (
    COIN_UNIT,
    Acceptance,
    Agreement,
    Amount,
    Kind,
    LeaseId,
    Redemption,
    Resources,
    Share,
    SignedAcceptance,
    Voucher,
)
from core.quote import Request
from core.settings import Network, Settings
from renter_tui import wiring
from renter_tui.commands import cli
from renter_tui.commands.shell import Shell, Tools

_Answer = TypeVar("_Answer")
FAST_SCRYPT_N = 2**4
ETH = 10**18


@dataclass
class Market:
    """A chain with the suite and an open sale, and homes on it."""

    folder: Path
    network: Network
    bank: Wallet

    def home(self, name: str, *, coin: int = 0, wei: int = ETH) -> "Home":
        """A funded wallet under a passphrase, and settings that lead to the market."""
        home = Home(self, self.folder / name)
        wallet = home.create()
        (home.folder / settings_file.FILE_NAME).write_text(settings_file.text(Settings(network=self.network)))

        async def fund(bank: EscrowChain) -> None:
            await bank.send_native(wallet.address, Amount(wei))
            if coin:
                await bank.send_coin(wallet.address, Amount(coin))

        self.as_bank(fund)
        return home

    def as_bank(self, work: Callable[[EscrowChain], Awaitable[_Answer]]) -> _Answer:
        return self.using(self.bank, work)

    def using(self, wallet: Wallet, work: Callable[[EscrowChain], Awaitable[_Answer]]) -> _Answer:
        async def opened() -> _Answer:
            chain = EscrowChain(await Connection.connect(self.network, wallet))
            try:
                return await work(chain)
            finally:
                chain.disconnect()

        return asyncio.run(opened())

    def mine(self, blocks: int) -> None:
        """The embedded chain has a block a transaction."""
        for _ in range(blocks):
            self.as_bank(lambda bank: bank.send_native(bank.address, Amount(1)))

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait; the chain's time passes with its blocks."""
        deadline = time.monotonic() + 40
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.3)
            self.mine(1)

    def now(self) -> int:
        return self.as_bank(EscrowChain.now)


class Home:
    """One person's folder, and the command line in it. Whatever is printed is searched for the key."""

    def __init__(self, market: Market, folder: Path) -> None:
        self.market = market
        self.folder = folder
        self.passphrase = secrets.token_urlsafe(12)
        self.secret = ""

    def create(self, key: str | None = None) -> Wallet:
        write_for_owner(self.folder / PASSPHRASE_FILE, self.passphrase.encode())
        wallet = self.wallet()
        if key is None:
            wallet.create()
        else:
            wallet.import_key(key)
        self.secret = wallet.key.export()[2:]
        return wallet

    def wallet(self) -> Wallet:
        return wallet_in(self.folder / "wallet", Passphrase(self.passphrase), scrypt_n=FAST_SCRYPT_N)

    def run(self, *words: str, typed: str = "") -> Result:
        def nobody(*_: object) -> Any:
            raise AssertionError("no agent is needed")

        shell = Shell(Tools(nobody, nobody, lambda: wiring))
        result = CliRunner().invoke(cli, ["--home", str(self.folder), *words], obj=shell, input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert self.secret not in result.output and self.passphrase not in result.output
        return result

    def json(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        assert len(result.stdout.splitlines()) == 1
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("verbs")
    ready_file = folder / "chain.json"
    chain = subprocess.Popen([sys.executable, "-m", "core.chain.devchain", "--ready-file", str(ready_file)])
    try:
        deadline = time.monotonic() + 60
        while not ready_file.exists():
            assert chain.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        ready = read_ready(ready_file)
        bank = wallet_in(folder / "bank" / "wallet", Passphrase("bank"), scrypt_n=FAST_SCRYPT_N)
        bank.import_key(ready.funded_key)
        now = int(time.time())
        plan = Plan(
            supply=Amount(1_000_000 * COIN_UNIT),
            periods=Periods(trial_window_s=10),
            trials=TrialRules(answer_s=3),
            court=CourtRules(jury_size=3, commit_s=10, reveal_s=6, appeal_s=2),
            sale=SalePlan(
                rate=1000,
                goal=Amount(ETH // 10),
                cap=Amount(ETH),
                opens_at=now + 6,
                closes_at=now + 300,
                beneficiary=bank.address,
                treasury=bank.address,
                team=bank.address,
            ),
        )
        bare = Network(name="development", rpc_url=ready.rpc_url)
        suite = asyncio.run(deploy(bare, bank, plan, note=lambda _: None))
        assert suite.sale is not None
        network = Network(
            name="development", rpc_url=ready.rpc_url, coin=suite.coin, escrow=suite.escrow, sale=suite.sale
        )
        yield Market(folder, network, bank)
    finally:
        chain.terminate()
        chain.wait(10)


def test_the_wallet_shows_every_sum_with_its_unit(market: Market) -> None:
    home = market.home("shown", coin=100 * COIN_UNIT)

    home.run("wallet", "stake", "7.5", "--yes")
    home.run("wallet", "deposit", "10", "--yes")

    lines = home.run("wallet").stdout.splitlines()
    assert lines[:4] == [
        f"Address:  {home.wallet().unlock()}",
        "Network:  the development chain",
        "Coin:     92.5 SPARE, 10 SPARE of it free in the vault",
        "Stake:    7.5 SPARE, none of it pledged",
    ]
    assert lines[-1].endswith(" ETH")
    assert home.json("wallet")["balances"]["account"]["bonded"] == 75 * 10**17


def test_without_a_market_the_wallet_still_has_an_address(market: Market) -> None:
    home = market.home("lost")
    (home.folder / settings_file.FILE_NAME).unlink()

    assert home.run("wallet").stdout.startswith(f"Address:  {home.wallet().unlock()}\nNo market is chosen in ")
    assert home.json("wallet")["balances"] is None
    assert home.run("wallet", "stake", "1").exit_code == 2


def test_nothing_is_signed_before_the_sentence_is_agreed_to(market: Market) -> None:
    home = market.home("asked", coin=60 * COIN_UNIT)

    refused = home.run("wallet", "stake", "50", typed="n\n")
    agreed = home.run("wallet", "stake", "50", typed="y\n")

    sentence = "Stake 50 SPARE: it backs your promises, and takes 45 d to thaw. Go on? [y/N]"
    assert sentence in refused.stderr and sentence in agreed.stderr
    assert (refused.exit_code, agreed.exit_code) == (1, 0)
    assert home.json("wallet")["balances"]["account"]["bonded"] == 50 * COIN_UNIT


def test_stake_thaws_and_free_coin_is_withdrawn(market: Market) -> None:
    home = market.home("thawing", coin=30 * COIN_UNIT)
    home.run("wallet", "stake", "20", "--yes")
    home.run("wallet", "deposit", "4", "--yes")

    first = home.run("wallet", "thaw", "5", "--yes")
    again = home.run("wallet", "thaw", "2.5", typed="y\n")
    home.run("wallet", "withdraw", "4", "--yes")

    assert first.exit_code == 0
    assert "The 5 SPARE that thaw already wait as long anew." in again.stderr
    assert "Thawing:  7.5 SPARE, until 20" in home.run("wallet").stdout
    account = home.json("wallet")["balances"]["account"]
    assert (account["bonded"], account["thawing"], account["free"]) == (125 * 10**17, 75 * 10**17, 0)


def test_what_is_not_there_is_refused_with_a_next_step(market: Market) -> None:
    home, friend = market.home("poor", coin=30 * COIN_UNIT), "0x" + "11" * 20

    for words in (("stake", "31"), ("deposit", "31"), ("thaw", "1"), ("withdraw", "1"), ("send", "31", friend)):
        result = home.run("wallet", *words, "--yes", "--json")

        assert result.exit_code == 5, words
        told = json.loads(result.stderr)
        assert told["error"] == "NotEnoughCoin" and told["hint"]


def test_coin_is_sent_to_people_and_to_nobody_else(market: Market) -> None:
    home = market.home("sender", coin=10 * COIN_UNIT)
    friend = "0x52908400098527886E0F7030069857D2E4169EE7"

    sent = home.run("wallet", "send", "2.5", friend, typed="y\n")
    native = home.run("wallet", "send", "0.01", friend, "--native", typed="y\n")
    mistyped = home.run("wallet", "send", "1", friend.replace("52908", "52909").replace("8527", "852f"), "--yes")
    lost = home.run("wallet", "send", "1", market.network.escrow, "--yes")

    assert f"Send 2.5 SPARE from the wallet to {friend.lower()}: it is that account's then" in sent.stderr
    assert "Send 0.01 ETH (the chain's own coin) from the wallet" in native.stderr
    assert (sent.exit_code, native.exit_code, mistyped.exit_code, lost.exit_code) == (0, 0, 2, 2)
    assert "mistyped character" in mistyped.stderr and "what is sent there is lost" in lost.stderr
    assert home.json("wallet")["balances"]["coin"] == 75 * 10**17


def test_the_sale_sells_what_the_sentence_says(market: Market) -> None:
    home = market.home("buyer")
    while "open until" not in (shown := home.run("sale").stdout):
        assert "opens" in shown
        time.sleep(0.5)

    by_price = home.run("sale", "buy", "0.02", typed="y\n")
    by_coin = home.run("sale", "buy", "--coin", "30", typed="y\n")
    too_much = home.run("sale", "buy", "2", "--yes")
    early = home.run("sale", "collect", "--yes")

    assert (
        "Pay 0.02 ETH (the chain's own coin) for 20 SPARE, delivered once the sale has succeeded, refunded if it fails."
        in by_price.stderr
    )
    assert "Pay 0.03 ETH (the chain's own coin) for 30 SPARE" in by_coin.stderr
    assert by_coin.stdout.startswith("Bought. 50 SPARE are yours once the sale has succeeded")
    assert (too_much.exit_code, early.exit_code) == (2, 2)
    shown = home.run("sale", "show").stdout
    assert "Rate:     1,000 SPARE for 1 ETH" in shown
    assert "Goal:     0.1 ETH, or everybody is refunded" in shown
    assert "You paid: 0.05 ETH for 50 SPARE" in shown

    rest = market.home("last-buyer", wei=3 * ETH)
    assert rest.json("sale", "buy", "0.95", "--yes")["sale"]["phase"] == "succeeded"
    collected = home.run("sale", "collect", typed="y\n")
    assert "Take 50 SPARE out of the sale. Go on?" in collected.stderr
    assert collected.stdout == "50 SPARE arrived in the wallet.\n"
    assert home.json("wallet")["balances"]["coin"] == 50 * COIN_UNIT
    assert home.run("sale", "collect", "--yes").exit_code == 8


def test_a_key_goes_out_and_in_again_encrypted(market: Market, tmp_path: Path) -> None:
    home, backup = market.home("backed-up"), tmp_path / "backup.json"

    exported = home.run("wallet", "export", str(backup), typed="over the hills\nover the hills\n")
    twice = home.run("wallet", "export", str(backup), typed="over the hills\nover the hills\n")
    elsewhere = Home(market, tmp_path / "elsewhere")
    elsewhere.secret = home.secret
    kept = tmp_path / "passphrase"
    write_for_owner(kept, b"another one")
    wrong = elsewhere.run(
        "wallet", "import", "--keystore", str(backup), "--passphrase-file", str(kept), typed="far away\n"
    )
    imported = elsewhere.run(
        "wallet", "import", "--keystore", str(backup), "--passphrase-file", str(kept), typed="over the hills\n"
    )

    address = home.wallet().unlock()
    assert exported.exit_code == 0 and address in exported.stdout
    assert home.secret not in backup.read_text()
    assert twice.exit_code == 2 and wrong.exit_code == 5
    assert imported.stdout == f"{address}\n"


def test_a_locked_wallet_signs_nothing_until_it_is_unlocked(market: Market) -> None:
    home = market.home("locked", coin=5 * COIN_UNIT)

    locked = home.run("wallet", "lock", typed="y\n")
    refused = home.run("wallet", "stake", "1", "--yes")
    wrong = home.run("wallet", "unlock", typed="not it\n")
    unlocked = home.run("wallet", "unlock", typed=f"{home.passphrase}\n")
    staked = home.run("wallet", "stake", "1", "--yes")

    assert "An agent that runs keeps the key" in locked.stdout
    assert (refused.exit_code, wrong.exit_code, unlocked.exit_code, staked.exit_code) == (5, 5, 0, 0)


def test_a_passphrase_that_does_not_open_the_wallet_locks_nobody_out(market: Market, tmp_path: Path) -> None:
    home, other = market.home("careful"), tmp_path / "other"
    write_for_owner(other, b"something else")

    refused = home.run("wallet", "create", "--passphrase-file", str(other))

    assert refused.exit_code == 5
    assert (home.folder / PASSPHRASE_FILE).read_text() == home.passphrase


def test_earnings_are_read_from_the_chain(market: Market, tmp_path: Path) -> None:
    donor, renter = market.home("earner"), market.home("payer", coin=50 * COIN_UNIT)
    lease = _served(market, renter, donor)
    file = tmp_path / "earnings.csv"

    shown = donor.run("wallet", "earnings", "--csv", str(file))
    again = donor.json("wallet", "earnings")

    assert shown.stdout.endswith("Earned in all: 0.3 SPARE, 0.225 SPARE of it held back in your stake.\n")
    assert lease[:18] in shown.stdout
    assert (again["total"], again["held"], len(again["earnings"])) == (3 * 10**17, 225 * 10**15, 1)
    header, row = file.read_text().splitlines()
    assert header == "day,unix_seconds,block,lease,share,earned_spare,held_back_spare"
    assert row.endswith(f"{lease},0,0.300000000000000000,0.225000000000000000")
    assert renter.run("wallet", "earnings").stdout == "Nothing was earned yet.\n"


def test_a_silent_donor_is_tried_and_accused(market: Market, tmp_path: Path) -> None:
    donor, renter = market.home("silent", coin=20 * COIN_UNIT), market.home("harmed", coin=50 * COIN_UNIT)
    donor.run("wallet", "stake", "5", "--yes")
    _rented(market, renter, donor, "demo")
    _rented(market, renter, donor, "free", penalty=0)

    unpledged = renter.run("trial", "challenge", "free", "0", "--yes")
    nobody = renter.run("trial", "challenge", "demo", "7", "--yes")
    opened = renter.run("trial", "challenge", "demo", "0", typed="y\n")
    early = renter.run("trial", "conclude", (name := renter.json("trial", "list")["trials"][0]["trial"]), "--yes")

    assert unpledged.exit_code == 2 and "Nothing is pledged for worker 0 of free." in unpledged.stderr
    assert nobody.exit_code == 8
    assert "Put up a bond of 0.02 SPARE to demand an answer from ada (worker 0 of demo) within 3 s." in opened.stderr
    assert "loses its penalty of 0.2 SPARE" in opened.stderr
    assert opened.exit_code == 0 and early.exit_code == 2
    assert "donor" in donor.run("trial", "list").stdout

    before = renter.json("wallet")["balances"]["account"]["free"]
    while (concluded := renter.run("trial", "conclude", name[:12], "--yes")).exit_code == 2:
        assert "may still answer" in concluded.stderr
        time.sleep(0.5)
    assert concluded.stdout == "The donor is convicted. What is yours is free in the vault.\n"
    assert renter.json("wallet")["balances"]["account"]["free"] > before
    assert renter.json("trial", "list")["trials"][0]["state"] == "convicted"


def test_a_jury_judges_an_accusation(market: Market, tmp_path: Path) -> None:
    donor, renter = market.home("accused", coin=20 * COIN_UNIT), market.home("accuser", coin=50 * COIN_UNIT)
    juror = market.home("juror", coin=450 * COIN_UNIT)
    donor.run("wallet", "stake", "5", "--yes")
    evidence = tmp_path / "result.csv"
    evidence.write_text("1,2\n")
    _rented(market, renter, donor, "results")

    bare = juror.run("court", "enroll", "3", "--yes")
    juror.run("wallet", "stake", "420", "--yes")
    enrolled = juror.run("court", "enroll", "3", typed="y\n")
    accused = renter.run("court", "accuse", "results", "0", "--evidence", str(evidence), typed="y\n")
    case = renter.json("court", "show")["cases"][-1]["case"]
    wrong = renter.run("court", "contest", case, "--yes")
    contested = donor.run("court", "contest", case[:12], typed="y\n")

    assert bare.exit_code == 2 and "`sparecloud wallet stake`" in bare.stderr
    assert "Take 3 seats in the pool of jurors: 300 SPARE of your stake are reserved for it." in enrolled.stderr
    assert "Stake:    420 SPARE, 300 SPARE of it pledged" in juror.run("wallet").stdout
    assert "to accuse ada (worker 0 of results) before the court; its penalty of 0.2 SPARE is seized." in accused.stderr
    assert case in accused.stdout
    assert wrong.exit_code == 2 and "not the accused" in wrong.stderr
    assert "let a jury decide over the 0.2 SPARE seized from you" in contested.stderr
    assert donor.json("court", "show", case)["state"]["phase"] == "drawing"
    for too_early in (("vote", case, "guilty"), ("reveal", case), ("appeal", case), ("settle", case)):
        assert renter.run("court", *too_early, "--yes").exit_code == 2

    market.until(lambda: market.as_bank(_head) > donor.json("court", "show", case)["state"]["draw_block"])
    drawn = renter.run("court", "settle", case, typed="y\n")
    stranger = renter.run("court", "vote", case, "guilty", "--yes")
    juror.run("court", "vote", case, "not-guilty", "--yes")
    voted = juror.run("court", "vote", case, "guilty", typed="y\n")
    assert "Draw the jury." in drawn.stderr
    assert (drawn.exit_code, stranger.exit_code, voted.exit_code) == (0, 2, 0)
    assert juror.json("court", "show")["cases"][-1]["seats"] == 3

    market.until(lambda: juror.json("court", "show", case)["state"]["phase"] == "revealing")
    assert juror.run("court", "reveal", case, typed="y\n").exit_code == 0
    market.until(lambda: juror.json("court", "show", case)["state"]["phase"] == "decided")
    settled = donor.run("court", "settle", case, typed="y\n")
    assert "Carry out the verdict" in settled.stderr
    assert "Phase:    closed\nVerdict:  guilty" in settled.stdout
    assert case[:10] in donor.run("court", "show").stdout

    seats = [one["seat"] for one in juror.json("court", "seats")["seats"]]
    left = juror.run("court", "leave", str(seats[0]), typed="y\n")
    assert len(seats) == 3
    assert renter.run("court", "leave", str(seats[0]), "--yes").exit_code == 8
    assert f"Take seat {seats[0]} out of the pool." in left.stderr
    # A draw may still reach it.
    assert juror.run("court", "leave", str(seats[0]), "--yes").exit_code == 4
    assert f"{seats[0]}  leaving" in juror.run("court", "seats").stdout


def test_a_deployment_is_told_confirmed_and_written_down(market: Market, tmp_path: Path) -> None:
    home, book = market.home("founder", wei=20 * ETH), tmp_path / "book.json"
    own = home.wallet().unlock()
    sale = tmp_path / "sale.toml"
    opens = datetime.now(UTC) + timedelta(days=1)
    sale.write_text(
        f'rate = 1000\ngoal = "10"\ncap = "50.5"\nopens = {opens:%Y-%m-%dT%H:%M:%SZ}\n'
        f"closes = {opens + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}\n"
        f'beneficiary = "{own}"\ntreasury = "{own}"\nteam = "{own}"\nteam_coins = "1000"\n'
    )
    words: tuple[str, ...] = (
        "deploy",
        "--network",
        "development",
        "--rpc-url",
        market.network.rpc_url,
        "--book",
        str(book),
    )
    words += ("--name", "Acorn", "--symbol", "ACN", "--supply", "1000000", "--sale", str(sale))

    dry = home.json(*words, "--dry-run")
    refused = home.run(*words, typed="n\n")
    made = home.run(*words, typed="y\n")
    again = home.json(*words, "--yes")

    assert not dry.get("suite") and dry["coin"] == again["coin"]
    assert (refused.exit_code, made.exit_code) == (1, 0)
    assert (
        "Create Acorn (ACN), its leases, trials and court and its sale on the development chain, for up" in made.stderr
    )
    assert "Sale:     1,000 ACN for 1 ETH, goal 10 ETH, cap 50.5 ETH" in made.stderr
    written = json.loads(book.read_text())
    assert written["complete"] and again["suite"]["sale"] == written["sale"] and again["gas"] == 0
    assert f'escrow = "{written["escrow"]}"' in made.stdout
    spent = sum(int(line.split()[-2].replace(",", "")) for line in made.stderr.splitlines() if line.endswith("gas."))
    assert spent <= dry["gas"] <= 2 * spent
    wrong = home.run(*words[:2], "sepolia", *words[3:], "--dry-run")
    assert wrong.exit_code == 2 and "the node leads to the development chain" in wrong.stderr


async def _head(chain: EscrowChain) -> int:
    return (await asyncio.to_thread(chain.connection.node.head))[0]


def _agreed(chain: EscrowChain, donor: Wallet, now: int, penalty: int) -> tuple[Agreement, Redemption]:
    session = chain.new_session()
    share = Share(0, donor.address, Resources(1000, 1024), Amount(10**15), Amount(COIN_UNIT), Amount(penalty))
    salt = "0x" + secrets.token_hex(32)
    lease, terms = chain.draft([share], session=session.address, ends_at=now + 3600, grace_s=60, salt=salt)
    agreement = Agreement(lease, terms, (share,), 10, Kind.SPARK, "0x" + "11" * 32)
    voucher = Voucher(lease, 0, Amount(3 * 10**17))
    return agreement, Redemption(voucher, session.sign(voucher), share)


def _served(market: Market, renter: Home, donor: Home) -> LeaseId:
    """A lease whose donor redeemed a voucher."""
    donors = donor.wallet()
    donors.unlock()
    renters = renter.wallet()
    renters.unlock()

    async def rent(chain: EscrowChain) -> tuple[Agreement, Redemption]:
        agreement, redemption = _agreed(chain, donors, await chain.now(), 0)
        await chain.open_lease(agreement, [])
        return agreement, redemption

    agreement, redemption = market.using(renters, rent)
    market.using(donors, lambda chain: chain.claim(agreement, [redemption]))
    return agreement.lease


def _rented(market: Market, renter: Home, donor: Home, name: str, penalty: int = 2 * 10**17) -> None:
    """A cluster of one worker with a penalty, as the renter's agent would have kept it."""
    donors, renters = donor.wallet(), renter.wallet()
    donors.unlock()
    renters.unlock()

    async def sign(chain: EscrowChain, agreement: Agreement) -> SignedAcceptance:
        acceptance = Acceptance(agreement.lease, 0, donors.address, await chain.now() + 60, "0x" + "0f" * 32)
        return SignedAcceptance(acceptance, chain.notary.sign(acceptance))

    async def draft(chain: EscrowChain) -> Agreement:
        return _agreed(chain, donors, await chain.now(), penalty)[0]

    agreement = market.using(renters, draft)
    accepted = market.using(donors, lambda chain: sign(chain, agreement))
    market.using(renters, lambda chain: chain.open_lease(agreement, [accepted]))
    now = market.now()
    rental = Rental(
        agreement, RentalPhase.RUNNING, (Part(PartState.SERVING),), now, asked_at=now, start_within_s=60, opened_at=now
    )
    cluster = Cluster(
        name,
        Request(Resources(1000, 1024), 1, 3600),
        Amount(COIN_UNIT),
        now,
        leases=(agreement.lease,),
        donors={donors.address: ("ada", "0x" + "11" * 32)},
    )
    with closing(open_journal(renter.folder / "renter")) as journal:
        journal.save(agreement.lease, rental)
        journal.put("clusters", name, msgspec.json.encode(cluster))
        message = Accepted(accepted.acceptance, accepted.signature)
        journal.put("acceptances", f"{agreement.lease}/0", encode(message))
