"""What donors and renters need alike: time, signatures, the chain, the market, letters, and what survives a crash."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from core.lease import Lease
from core.model import (
    Address,
    Agreement,
    Amount,
    LeaseId,
    Redemption,
    Share,
    SignedAcceptance,
    SignedOffer,
    Statement,
    Terms,
)
from core.observed import Account, Balances, LeaseRecord


class Clock(Protocol):
    """Unix time in whole seconds, and waiting."""

    def now(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...


class Notary(Protocol):
    """Signs statements with one key, and says who signed others'. The key stays in core/chain/wallet.py."""

    @property
    def address(self) -> Address:
        """The account that `sign` signs for."""
        ...

    def sign(self, statement: Statement) -> str:
        """The EIP-712 signature of `statement`: 0x and 130 hexadecimal digits (r, s, v; s in the lower half)."""
        ...

    def signer(self, statement: Statement, signature: str) -> Address:
        """Who signed `statement`. Raises InvalidInput where the signature is malformed or malleable."""
        ...


class Chain(Protocol):
    """The coin and the lease escrow, seen from one wallet."""

    @property
    def address(self) -> Address:
        """The wallet's account."""
        ...

    def new_session(self) -> Notary:
        """A fresh key that signs vouchers and letters; kept by the wallet, so that `session` finds it again."""
        ...

    def session(self, address: Address) -> Notary:
        """The session key made earlier. Raises WalletUnavailable."""
        ...

    def draft(
        self, shares: Sequence[Share], *, session: Address, ends_at: int, grace_s: int, salt: str
    ) -> tuple[LeaseId, Terms]:
        """Terms over `shares` (root, sum of caps) and the id that the escrow will know them by. Pure."""
        ...

    def check(self, agreement: Agreement) -> None:
        """Raise InvalidInput unless the agreement's root and lease id follow from its shares and terms. Pure."""
        ...

    async def balances(self) -> Balances: ...

    async def account_of(self, owner: Address) -> Account:
        """Anybody's account in the vault."""
        ...

    async def now(self) -> int:
        """The time of the chain's latest block."""
        ...

    async def open_lease(self, agreement: Agreement, accepted: Sequence[SignedAcceptance]) -> None:
        """Pay the deposit into escrow, in one transaction with the coin's permit. Returns once it is mined.

        Where a share has a penalty, it is reserved out of its donor's stake on the strength of `accepted`, one a share
        in order. Raises NotEnoughCoin, TransactionFailed.
        """
        ...

    async def lease(self, lease: LeaseId) -> LeaseRecord | None:
        """What the escrow holds, None where it knows no such lease."""
        ...

    async def paid(self, lease: LeaseId, index: int) -> Amount:
        """What a share has been paid so far."""
        ...

    async def claim(
        self, agreement: Agreement, redemptions: Sequence[Redemption], *, retiring: Share | None = None
    ) -> None:
        """Redeem vouchers, many in one transaction. A voucher already redeemed pays nothing and is no error.

        `retiring` says on chain, in the same transaction, that our own share is done: it needs no answer any more.
        """
        ...

    async def close(self, terms: Terms) -> None:
        """End the lease early: claims stay possible for the terms' grace."""
        ...

    async def sweep(self, agreement: Agreement, *, satisfied: Sequence[int] = ()) -> Amount:
        """Refund what nobody claimed, once the grace is over; returns the refund (also when already swept).

        The penalties of the shares `satisfied` are released with it, before their trial window is over.
        """
        ...

    async def is_retired(self, lease: LeaseId, index: int) -> bool:
        """Whether a share's donor said on chain that it is done with it."""
        ...

    async def release(self, agreement: Agreement, index: int) -> bool:
        """Release a share's penalty once its trial window is over; True where nothing is reserved for it any more."""
        ...

    async def held_back(self) -> Amount:
        """What of this wallet's earnings went into its stake as hold-back."""
        ...

    async def pay_out(self, to: Address, amount: Amount) -> None:
        """Pay `amount` to `to`: of what is free in the vault first, then of the wallet. Twice where it is asked twice.

        Raises NotEnoughCoin before anything is paid; TransactionFailed and ChainUnavailable say what was paid before.
        """
        ...

    async def answer_trials(self) -> int:
        """Answer the challenges to our shares that wait for us; how many there were."""
        ...


class Board(Protocol):
    """The offers of the market: public, signed, expiring."""

    async def publish(self, offer: SignedOffer) -> None: ...

    async def ask(self) -> None:
        """Ask every donor to publish its offer now."""
        ...

    def offers(self, now: int) -> tuple[SignedOffer, ...]:
        """Verified offers that have not expired, one a donor (the highest sequence), ordered by donor."""
        ...

    async def asked(self) -> None:
        """Return when somebody asks for offers."""
        ...

    async def changed(self) -> None:
        """Return when the board holds something new."""
        ...


class Peers(Protocol):
    """Sealed, signed letters between two parties. At most once: what must arrive is sent again by its sender."""

    @property
    def seal_key(self) -> str:
        """The public key that letters to this party are sealed to."""
        ...

    async def send(self, notary: Notary, recipient: Address, seal_key: str, body: bytes) -> None:
        """Seal `body` to `seal_key` and send it, signed by `notary`. Raises InvalidInput where it is too large."""
        ...

    async def listen(self, recipient: Address) -> None:
        """Take letters to `recipient` from now on."""
        ...

    def letters(self) -> AsyncIterator[tuple[Address, Address, bytes]]:
        """(sender, recipient, body) of each letter listened for; forged, stale and replayed ones never appear."""
        ...


class Journal(Protocol):
    """What survives a crash: leases by key, and small records beside them."""

    def save(self, key: str, lease: Lease) -> None:
        """Durable when it returns."""
        ...

    def leases(self) -> Mapping[str, Lease]: ...

    def put(self, table: str, key: str, value: bytes) -> None: ...

    def get(self, table: str, key: str) -> bytes | None: ...

    def rows(self, table: str) -> Mapping[str, bytes]: ...

    def drop(self, table: str, key: str) -> None: ...
