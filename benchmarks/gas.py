"""What the contracts cost, in gas: `python -m benchmarks.gas` runs real transactions on the embedded chain.

`--check` fails where an entry differs by more than 1 % from docs/gas.json, `--write` rewrites that file and the tables
in docs/gas.md. The shipped artifacts are measured, under Ethereum's London rules; every run gives the same figures.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from eth_hash.auto import keccak

from benchmarks.ledger import START, Ledger
from core.chain.deployment import Plan, SalePlan
from core.chain.node import checksummed
from core.chain.suite import word
from core.chain.typed_data import permit_digest
from core.chain.wallet import Key
from core.model import COIN_UNIT, Address, Amount

DOCS: Final = Path(__file__).parents[1] / "docs"
SNAPSHOT: Final = DOCS / "gas.json"
REPORT: Final = DOCS / "gas.md"
MANY: Final = 64
TOLERANCE_PERCENT: Final = 1
_EARNED: Final = 10**17
_PENALTY: Final = 10**15
_EVERYTHING: Final = dict.fromkeys(range(MANY), _EARNED)

Table = dict[str, int]
Donors = Callable[[int], list[Key]]
"""Gives as many as are asked for: the same ones each time, but for new donors, which can be new only once."""

_LEASE_ENTRIES: Final[Sequence[tuple[str, str, int | None]]] = (
    ("Open a lease of 1 donor", "open, 1 donor", 60_000),
    ("Open a lease of 64 donors", "open, 64 donors", 60_000),
    ("Open, close and sweep", "open + close + sweep", 125_000),
    ("Open a quoted lease of 64 donors", "openQuoted, 64 donors", 1_100_000),
    ("The same, each further donor", "openQuoted, each further donor", 16_000),
)
"""What is measured, the entry, and the goal."""

_CLAIM_ENTRIES: Final[Sequence[tuple[str, str, int | None]]] = (
    ("First claim of a lease of 1", "claim, first of a lease of 1", 65_000),
    ("First claim of a lease of 8", "claim, first of a lease of 8", 65_000),
    ("First claim of a lease of 64", "claim, first of a lease of 64", 65_000),
    ("Another share's first claim, alone, lease of 64", "claim, another share of a lease of 64", 65_000),
    ("A share's later claim, alone, lease of 64", "claim again, lease of 64", None),
    ("All 64 shares of a lease in a batch, each", "claim in a batch of 64, each", 50_000),
    ("Claim and withdraw in one, lease of 1", "claim + withdraw, lease of 1", 85_000),
    ("Claim and withdraw in one, lease of 64", "claim + withdraw, lease of 64", 85_000),
    ("64 donors: opened, all claimed, swept", "64 donors: open + claims + sweep", 4_200_000),
    ("64 donors: quoted and opened, all claimed, swept", "64 donors: openQuoted + claims + sweep", 4_200_000),
    (
        "The same, and the renter releases each penalty",
        "64 donors: openQuoted + claims + sweep + releases",
        4_200_000,
    ),
)

_RECORDS: Final = ("established", "held back", "new")
"""Donors whose earnings are no longer held back, those who earned before and are held back, and those who never did."""


def measure() -> Table:
    """Every entry."""
    established = _market("established")
    table = _creations() | _vault() | _openings(*established) | _claims("established", *established)
    for record in ("held back", "new"):
        table |= _claims(record, *_market(record))
    return table | _liveness(*established) | _double_sale(*established) | _court(*established) | _sale()


def problems(known: Table, measured: Table) -> list[str]:
    """A sentence for each entry that is new, gone, or differs by more than the tolerance."""
    said = [f"{name}: nothing measures it any more." for name in known.keys() - measured.keys()]
    for name, gas in measured.items():
        if name not in known:
            said.append(f"{name}: {gas:,} is not in {SNAPSHOT.name}.")
        elif abs(gas - known[name]) * 100 > TOLERANCE_PERCENT * known[name]:
            said.append(f"{name}: {gas:,}, and {SNAPSHOT.name} says {known[name]:,}.")
    return sorted(said)


def report(table: Table, text: str) -> str:
    """`text` of docs/gas.md with its tables made anew."""
    for name, rows in (("leases", _lease_rows), ("claims", _claim_rows), ("all", _all_rows)):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + "\n".join(rows(table)) + "\n" + end + after
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or with --check 1 where an entry has moved."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gas", description=(__doc__ or "").split("\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="fail where an entry has moved by more than 1 %%")
    what.add_argument("--write", action="store_true", help="rewrite docs/gas.json and the tables in docs/gas.md")
    asked = parser.parse_args(arguments)
    table = measure()
    if asked.write:
        SNAPSHOT.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
        REPORT.write_text(report(table, REPORT.read_text("utf-8")), "utf-8")
    elif asked.check:
        said = problems(json.loads(SNAPSHOT.read_text("utf-8")), table)
        if said:
            print("\n".join([*said, "If that is meant: python -m benchmarks.gas --write"]), file=sys.stderr)
            return 1
        print(f"gas: {len(table)} entries within {TOLERANCE_PERCENT} %")
    else:
        print("\n".join(_all_rows(table)))
    return 0


def _lease_rows(table: Table) -> list[str]:
    rows = ["| | Goal | Measured | |", "|---|---:|---:|---|"]
    return rows + [
        f"| {what} | {_or_none(goal)} | {table[entry]:,} | {_verdict(table[entry], goal)} |"
        for what, entry, goal in _LEASE_ENTRIES
    ]


def _claim_rows(table: Table) -> list[str]:
    rows = [f"| | Goal | {' | '.join(record.capitalize() for record in _RECORDS)} |", "|---|---:|---:|---:|---:|"]
    for what, entry, goal in _CLAIM_ENTRIES:
        figures = [table.get(f"{entry}, {record}") for record in _RECORDS]
        shown = [_figure(gas, goal) for gas in figures]
        rows.append(f"| {what} | {_or_none(goal)} | {' | '.join(shown)} |")
    return rows


def _all_rows(table: Table) -> list[str]:
    return ["| Entry | Gas |", "|---|---:|", *(f"| {name} | {gas:,} |" for name, gas in table.items())]


def _figure(gas: int | None, goal: int | None) -> str:
    if gas is None:
        return ""
    return f"{gas:,}" if goal is None or gas <= goal else f"**{gas:,}**"


def _verdict(gas: int, goal: int | None) -> str:
    return "" if goal is None else "reached" if gas <= goal else "not reached"


def _or_none(goal: int | None) -> str:
    return "" if goal is None else f"{goal:,}"


def _creations() -> Table:
    market = Ledger(_plan())
    return {f"create {name}": gas for name, gas in market.created.items()}


def _vault() -> Table:
    market = Ledger(_plan())
    someone = market.member("someone", coin=100 * COIN_UNIT)
    account, half = checksummed(someone.address), COIN_UNIT // 2
    table = {
        "approve": market.do(someone, market.coin, "approve", market.leases.address, 2 * COIN_UNIT),
        "deposit, first": market.do(someone, market.leases, "deposit", COIN_UNIT),
        "deposit": market.do(someone, market.leases, "deposit", half),
    }
    permits = []
    for nonce in range(2):
        deadline = START + 3600
        signed = someone.sign_digest(
            permit_digest(
                market.coin_domain,
                someone.address,
                Address(market.leases.address.lower()),
                Amount(COIN_UNIT),
                nonce,
                deadline,
            )
        )
        permits.append((COIN_UNIT, deadline, signed[64], signed[:32], signed[32:64]))
    table["deposit with permit, first"] = market.do(someone, market.leases, "depositWithPermit", *permits[0])
    table["deposit with permit"] = market.do(someone, market.leases, "depositWithPermit", *permits[1])
    table["stake, first"] = market.do(someone, market.leases, "bond", COIN_UNIT)
    table["stake"] = market.do(someone, market.leases, "bond", half)
    table["thaw, first"] = market.do(someone, market.leases, "thaw", half)
    market.time += Plan().periods.thaw_s
    table["collect what thawed"] = market.do(someone, market.leases, "collect")
    table["withdraw"] = market.do(someone, market.leases, "withdraw", account, half)
    return table


def _openings(market: Ledger, renter: Key, donors: Donors) -> Table:
    table = {}
    for size in (1, MANY):
        deal = market.deal(renter, donors(size))
        table[f"open, {_donors(size)}"] = market.do(renter, market.leases, "open", deal.terms)
    for size in (1, 3, MANY):
        quoted = market.deal(renter, donors(size), penalty=_PENALTY).quoted
        table[f"openQuoted, {_donors(size)}"] = market.do(renter, market.leases, "openQuoted", *quoted)
    first, every = table["openQuoted, 1 donor"], table[f"openQuoted, {MANY} donors"]
    table["openQuoted, each further donor"] = (every - first) // (MANY - 1)

    deal = market.deal(renter, donors(1))
    opened = market.do(renter, market.leases, "open", deal.terms)
    table["close"] = market.do(renter, market.leases, "close", deal.terms)
    market.time += 601
    table["sweep"] = market.do(renter, market.leases, "sweep", deal.terms)
    table["open + close + sweep"] = opened + table["close"] + table["sweep"]

    deal = market.deal(renter, donors(MANY), penalty=_PENALTY)
    market.do(renter, market.leases, "openQuoted", *deal.quoted)
    donor = donors(1)[0]
    market.fund(donor)
    table["retire"] = market.do(donor, market.leases, "retire", deal.terms, deal.share(0), deal.proof(0))
    market.time += 3600 + 600 + Plan().periods.trial_window_s + 1
    table["release"] = market.do(donor, market.leases, "release", deal.terms, deal.share(0), deal.proof(0))
    return table


def _claims(record: str, market: Ledger, renter: Key, donors: Donors) -> Table:
    parts = _claims_by(record, market, renter, donors)
    if record != "new":
        parts |= _lives(market, renter, donors)
    return {f"{name}, {record}": gas for name, gas in parts.items()}


def _claims_by(record: str, market: Ledger, renter: Key, donors: Donors) -> Table:
    """Claims sent by a stranger, and a donor's own with its withdrawal."""
    stranger = market.rich("stranger")
    table = {}
    for size in (1, 8, MANY):
        deal = market.deal(renter, donors(size))
        market.do(renter, market.leases, "open", deal.terms)
        claim = market.claims(deal, {0: _EARNED})
        table[f"claim, first of a lease of {size}"] = market.do(stranger, market.leases, "claim", deal.terms, claim)
    claim = market.claims(deal, {1: _EARNED})
    table[f"claim, another share of a lease of {MANY}"] = market.do(stranger, market.leases, "claim", deal.terms, claim)
    if record != "new":
        claim = market.claims(deal, {0: 2 * _EARNED})
        table[f"claim again, lease of {MANY}"] = market.do(stranger, market.leases, "claim", deal.terms, claim)

    deal = market.deal(renter, donors(MANY))
    opened = market.do(renter, market.leases, "open", deal.terms)
    claimed = market.do(stranger, market.leases, "claim", deal.terms, market.claims(deal, _EVERYTHING))
    market.time += 3600 + 601
    swept = market.do(stranger, market.leases, "sweep", deal.terms)
    table[f"claim in a batch of {MANY}, each"] = claimed // MANY
    table[f"{MANY} donors: open + claims + sweep"] = opened + claimed + swept

    for size in (1, MANY):
        keys = donors(size)
        donor, deal = keys[0], market.deal(renter, keys)
        market.do(renter, market.leases, "open", deal.terms)
        market.fund(donor)
        if record != "new":
            market.do(market.issuer, market.coin, "transfer", checksummed(donor.address), COIN_UNIT)
        pay_out = ("withdraw", checksummed(donor.address), _EARNED // 4)
        table[f"claim + withdraw, lease of {size}"] = market.several(
            donor, ("claim", deal.terms, market.claims(deal, {0: _EARNED})), pay_out
        )
    return table


def _lives(market: Ledger, renter: Key, donors: Donors) -> Table:
    """Quoted leases of 64 from the opening to the sweep."""
    stranger = market.rich("stranger")
    table = {}
    for released, name in ((0, "sweep"), (MANY, "sweep + releases")):
        deal = market.deal(renter, donors(MANY), penalty=_PENALTY)
        opened = market.do(renter, market.leases, "openQuoted", *deal.quoted)
        claimed = market.do(stranger, market.leases, "claim", deal.terms, market.claims(deal, _EVERYTHING))
        market.time += 3600 + 601
        releases = [("release", deal.terms, deal.share(index), deal.proof(index)) for index in range(released)]
        swept = market.several(renter, ("sweep", deal.terms), *releases)
        table[f"{MANY} donors: openQuoted + claims + {name}"] = opened + claimed + swept
    return table


def _liveness(market: Ledger, renter: Key, donors: Donors) -> Table:
    donor = market.member("challenged", stake=COIN_UNIT)
    challenger = market.member("challenger", free=10 * COIN_UNIT)
    table = {}
    for ending in ("answer", "conclude"):
        deal = market.deal(renter, [donor, *donors(MANY - 1)], penalty=_PENALTY)
        market.do(renter, market.leases, "openQuoted", *deal.quoted)
        table["liveness: challenge"] = market.do(challenger, market.trials, "challenge", deal.of(0))
        people = (checksummed(one.address) for one in (donor, renter, challenger))
        trial = (word(deal.agreement.lease), 0, *people, _PENALTY, market.time, bytes(32), 0)
        if ending == "conclude":
            market.time += Plan().trials.answer_s + 1
        table[f"liveness: {ending}"] = market.do(donor, market.trials, ending, trial)
    return table


def _double_sale(market: Ledger, renter: Key, donors: Donors) -> Table:
    donor, witness = market.member("overseller", stake=COIN_UNIT), market.rich("witness")
    deals = [market.deal(renter, [donor, *donors(MANY - 1)], penalty=_PENALTY) for _ in range(2)]
    for deal in deals:
        market.do(renter, market.leases, "openQuoted", *deal.quoted)
    gas = market.do(witness, market.trials, "convictDoubleSale", deals[0].of(0), deals[1].of(0))
    return {"double sale convicted": gas}


def _court(market: Ledger, renter: Key, donors: Donors) -> Table:
    rules = Plan().court
    donor = market.member("accused", stake=COIN_UNIT, free=10 * COIN_UNIT)
    table = {}
    # Five different people whatever the draw, and so many that it seldom comes upon a seat twice.
    keys = [market.member(f"juror {index}", stake=rules.seat_stake) for index in range(60)]
    for juror in keys:
        table["court: enroll"] = market.do(juror, market.court, "enroll", 1)
    jurors = {juror.address: juror for juror in keys}
    deal = market.deal(renter, [donor, *donors(MANY - 1)], penalty=_PENALTY)
    market.do(renter, market.leases, "openQuoted", *deal.quoted)
    case_id = market.view(market.court, "caseIdOf", word(deal.agreement.lease), 0)
    accused = market.do(renter, market.court, "accuse", *deal.of(0), keccak(b"evidence"))
    contested = market.do(donor, market.court, "contest", case_id)
    market.mine(6)
    drawn = market.do(renter, market.court, "draw", deal.terms, 0)
    votes, committed = [], []
    for place, seat in enumerate(market.view(market.court, "juryOf", case_id, 0)):
        guilty, salt = place != 4, keccak(b"salt %d" % place)
        commitment = market.view(market.court, "commitmentOf", case_id, place, guilty, salt)
        juror, *_ = market.view(market.court, "seatOf", seat)
        committed.append(market.do(jurors[juror], market.court, "commit", case_id, place, commitment))
        votes.append((place, guilty, salt))
    market.time += rules.commit_s + 1
    revealed = market.do(keys[0], market.court, "reveal", case_id, votes)
    market.time += rules.reveal_s + rules.appeal_s + 1
    settled = market.do(renter, market.court, "settle", deal.terms, 0)
    return table | {
        "court: accuse": accused,
        "court: contest": contested,
        "court: draw a jury of 5": drawn,
        "court: commit, each": sum(committed) // len(committed),
        "court: reveal 5 votes": revealed,
        "court: settle": settled,
        "court: contested case, jury of 5, in all": accused + contested + drawn + sum(committed) + revealed + settled,
    }


def _sale() -> Table:
    market = Ledger(_plan())
    first, second = market.rich("first buyer"), market.rich("second buyer")
    sale = _plan().sale
    assert sale is not None
    market.do(market.issuer, market.coin, "transfer", market.sale.address, sale.coins)
    market.time = sale.opens_at
    table = {
        "sale: buy, first of the sale": market.do(first, market.sale, "buy", value=sale.cap // 2),
        "sale: buy, first of a buyer": market.do(second, market.sale, "buy", value=sale.cap // 4),
        "sale: buy again": market.do(second, market.sale, "buy", value=sale.cap // 4),
    }
    table["sale: collect"] = market.do(first, market.sale, "collect", checksummed(first.address))
    table["sale: settle"] = market.do(first, market.sale, "settle")
    table["sale: withdraw"] = market.do(first, market.sale, "withdraw")
    return table


def _plan() -> Plan:
    somebody = Address("0x" + "5a" * 20)
    sale = SalePlan(
        rate=1000,
        goal=Amount(10**18),
        cap=Amount(10**19),
        opens_at=START + 100,
        closes_at=START + 1000,
        beneficiary=somebody,
        treasury=somebody,
        team=somebody,
        team_coins=Amount(10**21),
    )
    return Plan(sale=sale)


def _market(record: str) -> tuple[Ledger, Key, Donors]:
    """A market, a renter with free coin, and what gives as many donors of that record as are asked for."""
    market = Ledger(_plan())
    renter = market.member("renter", free=10_000 * COIN_UNIT)
    if record == "new":
        fresh = count()
        return market, renter, lambda wanted: [market.key(f"donor {next(fresh)}") for _ in range(wanted)]
    donors = [market.key(f"donor {index}") for index in range(MANY)]
    deal = market.deal(renter, donors)
    market.do(renter, market.leases, "open", deal.terms)
    market.do(renter, market.leases, "claim", deal.terms, market.claims(deal, _EVERYTHING))
    if record == "established":
        market.time += 3 * Plan().periods.hold_period_s
    return market, renter, lambda wanted: donors[:wanted]


def _donors(count: int) -> str:
    return "1 donor" if count == 1 else f"{count} donors"


if __name__ == "__main__":
    sys.exit(main())
