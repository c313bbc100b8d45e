"""Sentences about money: what a person is asked before anything is signed, and how an account stands. Pure.

Sums that are to be confirmed are exact, to the last of their 18 decimals; instants are Unix seconds, shown in UTC.
"""

from datetime import UTC, datetime

from core.model import Address, Amount
from core.observed import Account, Balances
from core.view import spare

EXACT = 18


def exact(amount: int, symbol: str = "SPARE") -> str:
    """`amount` smallest units with all its decimals: what a person confirms must be what is signed."""
    return spare(amount, symbol, EXACT)


def own_coin(wei: int, native: str) -> str:
    """`wei` of the chain's own coin: "0.2 ETH (the chain's own coin)"; `native` is "coin" where it has no name."""
    if native == "coin":
        return f"{exact(wei, '').strip()} of the chain's own coin"
    return f"{exact(wei, native)} (the chain's own coin)"


def length(seconds: int) -> str:
    """A length of time in its two largest units, rounded down: "45 d", "2 h 30 min", "12 s"."""
    units = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    parts, rest = [], max(0, seconds)
    for size, unit in units:
        count, rest = divmod(rest, size)
        parts.append((count, unit))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(shown) or "0 s"


def day(at: int) -> str:
    """The day of an instant: "2027-01-07"."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def clock(at: int) -> str:
    """An instant: "2027-01-07 12:00 UTC"."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def moment(at: int, now: int) -> str:
    """An instant and how far off it is: "2027-01-07 12:00 UTC (in 44 d 23 h)"."""
    return f"{clock(at)} (in {length(at - now)})" if at > now else f"{clock(at)} (over)"


# Before something is signed.


def deposit(amount: Amount) -> str:
    """Into the vault."""
    return (
        f"Bring {exact(amount)} from the wallet into the vault: leases and bonds are paid from there, "
        "and what is free can be withdrawn at any time."
    )


def stake(amount: Amount, thaw_s: int) -> str:
    """From free to bonded."""
    return f"Stake {exact(amount)}: it backs your promises, and takes {length(thaw_s)} to thaw."


def thaw(amount: Amount, thaw_s: int, thawing: Amount) -> str:
    """From bonded to thawing; `thawing` waits already."""
    anew = f" The {exact(thawing)} that thaw already wait as long anew." if thawing else ""
    return f"Let {exact(amount)} of your stake thaw: it is free to spend in {length(thaw_s)}.{anew}"


def withdraw(amount: Amount, to: Address, own: Address) -> str:
    """Out of the vault."""
    return f"Pay {exact(amount)} out of the vault to {_recipient(to, own)}"


def send(sum_: str, to: Address, own: Address) -> str:
    """Out of the wallet; `sum_` is already in words."""
    return f"Send {sum_} from the wallet to {_recipient(to, own)}"


def _recipient(to: Address, own: Address) -> str:
    return "this wallet." if to == own else f"{to}: it is that account's then, and nobody can bring it back."


def buy(wei: Amount, coin: Amount, native: str) -> str:
    """In the sale."""
    return (
        f"Pay {own_coin(wei, native)} for {exact(coin)}, delivered once the sale has succeeded, refunded if it fails."
    )


def challenge(bond: Amount, who: str, penalty: Amount, answer_s: int) -> str:
    """`who` serves the share that `penalty` backs."""
    return (
        f"Put up a bond of {exact(bond)} to demand an answer from {who} within {length(answer_s)}. "
        f"Without one it loses its penalty of {exact(penalty)} and you get the bond back; with one the bond is its own."
    )


def accuse(bond: Amount, who: str, penalty: Amount, contest_s: int) -> str:
    """Before the court."""
    return (
        f"Put up a bond of {exact(bond)} to accuse {who} before the court; its penalty of {exact(penalty)} is seized. "
        f"It may call for a jury within {length(contest_s)}. If you lose, the bond is gone."
    )


def contest(bond: Amount, seized: Amount) -> str:
    """As the accused donor."""
    return (
        f"Put up a bond of {exact(bond)} and let a jury decide over the {exact(seized)} seized from you. "
        "If you lose, both are gone."
    )


def appeal(bond: Amount) -> str:
    """As the party that lost."""
    return f"Put up a bond of {exact(bond)} for a larger jury. Its verdict is final; if you lose, the bond is gone."


def enroll(seats: int, seat_stake: Amount) -> str:
    """Into the pool of jurors."""
    of = "a seat" if seats == 1 else f"{seats} seats"
    return (
        f"Take {of} in the pool of jurors: {exact(seats * seat_stake)} of your stake are reserved for it. "
        "Who is drawn and does not vote, or votes against the final verdict, is fined."
    )


# How an account stands.


def to_spend(balances: Balances) -> str:
    """What can be spent, and where it lies."""
    free = balances.account.free
    where = f", {spare(free)} of it free in the vault" if free else ""
    return f"{spare(balances.coin)}{where}"


def bonded(account: Account) -> str:
    """The stake, and what of it is pledged."""
    if not account.bonded:
        return "none"
    pledged = f"{spare(account.reserved)} of it pledged" if account.reserved else "none of it pledged"
    return f"{spare(account.bonded)}, {pledged}"


def thawing(account: Account, now: int) -> str:
    """What thaws and until when; empty where nothing does."""
    if not account.thawing:
        return ""
    if account.thaws_at <= now:
        return f"{spare(account.thawing)} thawed: ready to withdraw"
    return f"{spare(account.thawing)}, until {moment(account.thaws_at, now)}"


def donors_stake(account: Account, held_back: Amount | None, now: int) -> str:
    """A donor's stake in full sentences; empty where there is none.

    `held_back` is what of its earnings went into the stake so far, None where that was not read.
    """
    if not account.bonded and not account.thawing:
        return ""
    said = []
    if account.bonded:
        pledged = f"{spare(account.reserved)} of it pledged to leases" if account.reserved else "none of it pledged"
        said.append(f"Your stake is {spare(account.bonded)}, {pledged}.")
    if held_back:
        said.append(f"Held back while you are new: {spare(held_back)}, part of your stake.")
    if account.thawing:
        said.append(f"Thawing: {thawing(account, now)}.")
    return " ".join(said)
