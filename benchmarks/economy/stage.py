"""The compiled contracts on the embedded chain in this process, with a clock of its own and people who act.

Blocks cost no fee here, so that nobody needs the chain's own coin: what gas costs is told apart, in gas.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Final

from coincurve import PrivateKey
from eth_abi.abi import decode
from eth_hash.auto import keccak
from web3 import Web3
from web3.contract import Contract

from benchmarks.economy.parameters import Parameters
from core.chain import merkle
from core.chain.artifact import Artifact
from core.chain.deployment import created_address
from core.chain.embedded import EmbeddedChain, RpcError
from core.chain.transaction import LegacyFee, Transaction
from core.chain.typed_data import Domain, compact, digest, lease_id
from core.chain.wallet import Key
from core.model import Acceptance, Address, Amount, LeaseId, Share, Terms, Voucher

CHAIN_ID: Final = 31337
START: Final = 1_800_000_000
SUPPLY: Final = 10**27
NOBODY: Final = Address("0x" + "00" * 20)
_MOST_GAS: Final = 7_900_000
_ACCEPTED_FOR_S: Final = 600
_FREE_OF_CHARGE: Final = LegacyFee(0)


@dataclass(eq=False)
class Person:
    """Somebody with an account. `gas` is what this person's transactions have used so far."""

    name: str
    key: Key
    endowed: int = 0
    gas: int = 0

    @property
    def account(self) -> str:
        """The address as the contracts' encoder wants it."""
        return Web3.to_checksum_address(self.key.address)


@dataclass(frozen=True)
class Lease:
    """A lease as its parties know it. `acceptances` are the contracts' tuples, in the order of the shares."""

    id: LeaseId
    terms: Terms
    shares: tuple[Share, ...]
    session: Key
    acceptances: tuple[tuple[Any, ...], ...]

    @property
    def word(self) -> bytes:
        """The id's 32 bytes."""
        return bytes.fromhex(self.id[2:])


@dataclass(frozen=True)
class Outcome:
    """What a play came to: by name the coin won or lost (smallest units) and the gas used; and the coin burned."""

    coin: Mapping[str, int]
    gas: Mapping[str, int]
    burned: int
    left: int = 0
    """Coin that is still in leases or with the judges."""

    @property
    def sum(self) -> int:
        """What came out of nowhere: 0, or the play is wrong."""
        return sum(self.coin.values()) + self.burned + self.left


@dataclass(eq=False)
class Stage:
    """One deployment. `time` is what the next block will say."""

    parameters: Parameters
    load: Callable[[str], Artifact]
    time: int = START
    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._web3 = Web3()
        self._nonces: dict[Address, int] = {}
        self._salts = self._persons = 0
        self.chain = EmbeddedChain(CHAIN_ID, {}, legacy_fees=True, now=lambda: self.time)
        self.issuer = self._key("issuer")
        self._deploy()
        self.domain = Domain(CHAIN_ID, Address(self.leases.address.lower()))
        self._send(self.issuer, self.coin, "approve", self.leases.address, SUPPLY)
        self._send(self.issuer, self.leases, "deposit", SUPPLY)
        self._burned = self._kept = 0

    def person(self, name: str, *, free: int = 0, stake: int = 0) -> Person:
        """Somebody new with `free` coin and `stake` bonded."""
        self._persons += 1
        person = Person(name, self._key(f"person {self._persons}"))
        self.people.append(person)
        self.endow(person, free=free, stake=stake)
        return person

    def endow(self, person: Person, *, free: int = 0, stake: int = 0) -> None:
        """More coin for `person`, from outside of the play."""
        person.endowed += free + stake
        if free + stake:
            self._send(self.issuer, self.leases, "give", person.account, free + stake)
        if stake:
            self._send(person.key, self.leases, "bond", stake)

    def do(self, person: Person, contract: Contract, function: str, *arguments: object) -> int:
        """A transaction of `person`; the gas it used. Raises RpcError."""
        gas = self._send(person.key, contract, function, *arguments)
        person.gas += gas
        return gas

    def view(self, contract: Contract, function: str, *arguments: object) -> Any:
        """What a view answers: one value, or a tuple."""
        data = contract.encode_abi(function, args=list(arguments))
        entry = next(e for e in contract.abi if e.get("name") == function and e["type"] == "function")
        raw = self.chain.answer("eth_call", [{"to": contract.address, "data": data}, "latest"])
        values = decode([_type(output) for output in entry["outputs"]], bytes.fromhex(str(raw)[2:]))
        return values[0] if len(values) == 1 else values

    def wait(self, seconds: int, *, blocks: int = 0) -> None:
        """Let time pass, and `blocks` blocks go by."""
        self.time += seconds
        for _ in range(blocks):
            self.chain.answer("evm_mine", [])

    def wealth(self, account: str) -> int:
        """All that is an account's: free, bonded and thawing."""
        free, bonded, _, thawing, *_ = self.view(self.leases, "accountOf", account)
        return int(free + bonded + thawing)

    def begin(self, *stay: Person) -> None:
        """A new play: everybody but `stay` is forgotten, and what anybody did before no longer counts."""
        self.people = list(stay)
        for person in stay:
            person.endowed, person.gas = self.wealth(person.account), 0
        self._burned, self._kept = self.wealth(NOBODY), self._undecided()

    def outcome(self, *leases: Lease) -> Outcome:
        """What everybody has won or lost since `begin`, where `leases` are all that were opened."""
        coin = {person.name: self.wealth(person.account) - person.endowed for person in self.people}
        gas = {person.name: person.gas for person in self.people}
        left = sum(self._remaining(lease) for lease in leases) + self._undecided() - self._kept
        return Outcome(coin, gas, self.wealth(NOBODY) - self._burned, left)

    def lease(
        self,
        renter: Person,
        shares: Sequence[Share],
        donors: Sequence[Person],
        *,
        deposit: int | None = None,
    ) -> Lease:
        """A lease agreed on, not yet opened, with the acceptances of `donors`: one for each share."""
        self._salts += 1
        session = self._key(f"session {self._salts}")
        terms = Terms(
            renter=renter.key.address,
            session=session.address,
            root="0x" + merkle.root([merkle.leaf(share) for share in shares]).hex(),
            deposit=Amount(sum(share.cap for share in shares) if deposit is None else deposit),
            ends_at=self.time + self.parameters.lease_s,
            grace_s=self.parameters.grace_s,
            salt="0x" + self._salts.to_bytes(32, "big").hex(),
        )
        name, expires, seats = lease_id(self.domain, terms), self.time + _ACCEPTED_FOR_S, "0x" + "f" * 64
        accepted = []
        for share, donor in zip(shares, donors, strict=True):
            said = digest(self.domain, Acceptance(name, share.index, share.donor, expires, seats))
            accepted.append((expires, int(seats, 16), *compact(donor.key.sign_digest(said))))
        return Lease(name, terms, tuple(shares), session, tuple(accepted))

    def claim(self, lease: Lease, index: int, amount: int) -> tuple[Any, ...]:
        """A voucher of the session's for `amount`, ready to be claimed."""
        share = lease.shares[index]
        signature = lease.session.sign_digest(digest(self.domain, Voucher(lease.id, index, Amount(amount))))
        proof = merkle.proof([merkle.leaf(one) for one in lease.shares], index)
        donor = Web3.to_checksum_address(share.donor)
        return (index, donor, share.cap, merkle.detail(share), proof, amount, *compact(signature))

    def _remaining(self, lease: Lease) -> int:
        remaining, _, _, status, *_ = self.view(self.leases, "lease", lease.word)
        return int(remaining) if status in (1, 2) else 0

    def _undecided(self) -> int:
        return self.wealth(self.trials.address) + self.wealth(self.court.address)

    def _key(self, name: str) -> Key:
        return Key(PrivateKey(keccak(name.encode())))

    def _deploy(self) -> None:
        p = self.parameters
        created = [created_address(self.issuer.address, nonce) for nonce in range(4)]
        coin, leases, trials, court = (Web3.to_checksum_address(address) for address in created)
        self.coin = self._create("Coin", "Spare", "SPARE", SUPPLY)
        self.leases = self._create("Leases", coin, trials, court, astuple(p.periods))
        self.trials = self._create("Trials", leases, astuple(p.trials))
        self.court = self._create("Court", leases, astuple(p.court))

    def _create(self, name: str, *arguments: object) -> Contract:
        artifact = self.load(name)
        factory = self._web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        receipt = self._mined(self.issuer, None, bytes.fromhex(factory.constructor(*arguments).data_in_transaction[2:]))
        created: Contract = self._web3.eth.contract(receipt["contractAddress"], abi=artifact.abi)
        return created

    def _send(self, key: Key, contract: Contract, function: str, *arguments: object) -> int:
        data = bytes.fromhex(contract.encode_abi(function, args=list(arguments))[2:])
        return int(self._mined(key, Address(contract.address.lower()), data)["gasUsed"], 16)

    def _mined(self, key: Key, to: Address | None, data: bytes) -> Mapping[str, Any]:
        nonce = self._nonces.get(key.address, 0)
        raw = key.sign_transaction(Transaction(CHAIN_ID, nonce, _FREE_OF_CHARGE, _MOST_GAS, to, 0, data))
        name = self.chain.answer("eth_sendRawTransaction", ["0x" + raw.hex()])
        self._nonces[key.address] = nonce + 1
        receipt: Any = self.chain.answer("eth_getTransactionReceipt", [name])
        if receipt["status"] != "0x1":
            self.chain.answer("eth_call", [{"from": key.address, "to": to, "data": "0x" + data.hex()}, "latest"])
            raise RpcError(3, "execution reverted: out of gas")
        return dict(receipt)


def _type(output: Mapping[str, Any]) -> str:
    kind = str(output["type"])
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(part) for part in output["components"]) + ")" + kind.removeprefix("tuple")
