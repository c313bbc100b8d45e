"""What the use cases need of the world: small Protocols that adapters fill and tests may replace.

Every coroutine here may be cancelled, raises only children of SparecloudError, and is safe to call twice:
"already there" and "already gone" are success.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from core.lease import Lease
from core.model import (
    Address,
    Agreement,
    Amount,
    LeaseId,
    Redemption,
    Resources,
    Share,
    SignedAcceptance,
    SignedOffer,
    Statement,
    Terms,
)
from core.observed import (
    Account,
    Balances,
    Conditions,
    Job,
    LeaseRecord,
    Measured,
    Pace,
    Speed,
    Usage,
    Way,
    WorkerReport,
)
from core.owner import Donor
from core.ticket import Ticket


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


class WorkerRuntime(Protocol):
    """Sandboxed workers on a donor's machine. The donor's own limits fix the sandbox, the renter has no say."""

    async def prepare(self, progress: Callable[[str], None]) -> None:
        """Have engine and images at hand; the first time, images are built while `progress` gets sentences.

        Raises EngineUnavailable with what to install or start, SandboxFailed where an image cannot be built.
        """
        ...

    async def enroll(self, lease: LeaseId, index: int) -> str:
        """The public key (sixty-four hexadecimal digits) of the share's node, made when first asked for.

        Empty where workers join over this engine's own bridge.
        """
        ...

    async def start_worker(
        self, agreement: Agreement, share: Share, master: str, secret: str, ticket: Ticket
    ) -> WorkerReport:
        """Start the share's worker, or adopt the one already there. `master`, `secret`, `ticket` come from the renter.

        Raises InvalidInput where the ticket is not one for this node, or leads to a relay that is not ours to use.
        """
        ...

    async def renew(self, lease: LeaseId, index: int, ticket: Ticket) -> None:
        """Give a running worker's node a newer certificate, or a longer list of revoked ones."""
        ...

    async def worker(self, lease: LeaseId, index: int) -> WorkerReport: ...

    async def grant_worker(self, lease: LeaseId, index: int, resources: Resources, permille: int) -> WorkerReport:
        """Give a running worker `permille` thousandths of the processor time in `resources`; 0 pauses it.

        Its memory stays: a running Spark worker cannot give any back.
        """
        ...

    async def bound_network(self, lease: LeaseId, index: int, up_kib_s: int, down_kib_s: int) -> None:
        """Let a running worker send and receive so many KiB a second at most; 0 does not bound it.

        The bounds end with the worker: whoever starts or adopts one says them again. The same again costs next to
        nothing, and a worker that does not run is left alone. Raises SandboxFailed where this kernel cannot.
        """
        ...

    async def usage(self, lease: LeaseId, index: int) -> Usage | None:
        """What a running worker uses now; None where there is none, or the engine does not say."""
        ...

    async def stop_worker(self, lease: LeaseId, index: int, *, within_s: int) -> WorkerReport:
        """Stop it and report when it ended; `forget` removes the rest.

        It may first move its data to the cluster's other workers, for `within_s` seconds at most; 0 stops it at once,
        also where an earlier call still waits for it.
        """
        ...

    async def forget(self, lease: LeaseId, index: int) -> None:
        """Remove the share's container, volume and, where nobody else uses it, the lease's network."""
        ...

    async def held(self) -> frozenset[tuple[LeaseId, int]]:
        """Every share of which this agent still has a container, volume or network."""
        ...


class Fabric(Protocol):
    """The private networks of a renter's clusters: their authority, their relays, and who sits where."""

    @property
    def has_overlay(self) -> bool:
        """Whether members need node keys; without, all of them share one engine's bridge."""
        ...

    async def ready(self) -> None:
        """Raise RelayUnavailable where nobody could carry a network now: before anything is paid."""
        ...

    async def open(self, agreement: Agreement, network: LeaseId) -> None:
        """Make `network` where it is missing, and have the relays serve it for as long as this lease is open.

        Raises RelayUnavailable where none does.
        """
        ...

    async def ticket(self, network: LeaseId, host: str, node_key: str) -> Ticket:
        """The ticket of the member at `host` (MASTER, or one that `place` gave), its certificate good for a day.

        The same certificate again until half of its time is over.
        """
        ...

    def place(self, network: LeaseId, lease: LeaseId, index: int) -> str:
        """The host of a share's worker in `network`: the same again for the same share, and never another's."""
        ...

    def at(self, network: LeaseId, host: str) -> tuple[LeaseId, int] | None:
        """The share whose worker sits at `host`."""
        ...

    def revoke(self, network: LeaseId, host: str) -> bool:
        """From the next seats on, nobody talks to the member at `host`; True where that is news for the relays."""
        ...

    async def close(self, network: LeaseId) -> None:
        """Forget the network, its authority's key included, and tell the relays."""
        ...


class ClusterRuntime(Protocol):
    """A cluster's master and drivers on the renter's own machine.

    A cluster is named by its network: the first lease that was opened for it.
    """

    async def prepare(self, progress: Callable[[str], None]) -> None:
        """Have engine and images at hand; the first time, images are built while `progress` gets sentences.

        Raises EngineUnavailable with what to install or start, SandboxFailed where an image cannot be built.
        """
        ...

    async def enroll(self, network: LeaseId) -> str:
        """The public key of the master's node, made when first asked for; empty where there is no overlay."""
        ...

    async def start_master(self, network: LeaseId, secret: str, ticket: Ticket) -> str:
        """Start the cluster's master, or adopt the one already there; returns the address workers join."""
        ...

    async def renew(self, network: LeaseId, ticket: Ticket) -> None:
        """Give the master's node a newer certificate, or a longer list of revoked ones."""
        ...

    async def secret(self, lease: LeaseId) -> str | None:
        """The secret that a running master was started with, None where there is no master."""
        ...

    async def screen(self, lease: LeaseId) -> str | None:
        """A loopback address of the cluster's own web screen, None where there is none."""
        ...

    async def registered(self, network: LeaseId) -> frozenset[str]:
        """The hosts (`Ticket.host`) of the workers that are registered and alive, as they say themselves."""
        ...

    async def measure(self, network: LeaseId, one: str, other: str) -> Way | None:
        """What the worker at host `one` measures of the way to `other`; None where it does not say."""
        ...

    async def pace(self, network: LeaseId, host: str) -> Pace | None:
        """How fast the worker at `host` computes, timed and checked here; None where it does not answer."""
        ...

    async def submit(
        self, lease: LeaseId, job: str, program: Path, arguments: Sequence[str], inputs: Path | None
    ) -> Job:
        """Run `program` (one file) as job `job`; `inputs` (a file or folder) appears to it under /job/input.

        Raises NotFound where a path does not exist, SandboxFailed where the cluster has no master.
        """
        ...

    async def jobs(self, lease: LeaseId) -> tuple[Job, ...]: ...

    def logs(self, lease: LeaseId, job: str, *, follow: bool) -> AsyncIterator[bytes]:
        """The job's output so far, and with `follow` until it ends. Raises NotFound."""
        ...

    async def outputs(self, lease: LeaseId, job: str, target: Path) -> tuple[Path, ...]:
        """Copy what the job wrote under /job/output into `target`; the files written. Raises NotFound."""
        ...

    async def stop_job(self, lease: LeaseId, job: str) -> None: ...

    async def forget(self, lease: LeaseId) -> None:
        """Remove the lease's master, drivers, volumes and, where nobody else uses it, its network."""
        ...

    async def held(self) -> frozenset[LeaseId]:
        """Every lease of which this agent still has a container, volume or network."""
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


class Wakefulness(Protocol):
    """Whether this machine may fall asleep."""

    def hold(self, on: bool) -> None:
        """Keep it awake from now on where the platform allows that, or no more."""
        ...


class Sensors(Protocol):
    """What the owner does with this machine, and what surrounds it."""

    async def read(self, programs: Collection[str]) -> Conditions:
        """The conditions now, cheap enough for once a second; `programs` are the names looked for.

        What no provider on this platform can tell is None; nothing is raised.
        """
        ...

    def providers(self) -> Mapping[str, str]:
        """For each field of Conditions, who tells it here, or why nobody can: a sentence each."""
        ...


class OwnerFile(Protocol):
    """The owner's settings, as kept in a file that the owner may also edit by hand."""

    def read(self) -> Donor:
        """The settings now. Raises InvalidInput where the file cannot be understood."""
        ...

    def write(self, donor: Donor) -> None:
        """Keep `donor`, whole or not at all; other tables of the file stay. Raises InvalidInput."""
        ...


class Benchmark(Protocol):
    """How fast this machine is where workers run."""

    async def run(self) -> Speed:
        """Measure processor, memory and disk: six seconds of one core at most, and 64 MiB written.

        `measured_at` and the network's figures are left 0. Raises SandboxFailed, EngineUnavailable.
        """
        ...


class Probe(Protocol):
    """What the machine has, and what of it is free now."""

    async def measure(self) -> Measured: ...
