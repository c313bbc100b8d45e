"""The shipped contracts on the embedded chain in this process, with a clock and keys that are the same in every run."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from coincurve import PrivateKey
from eth_abi.abi import decode
from eth_hash.auto import keccak
from web3 import Web3
from web3.contract import Contract

from core.chain import merkle
from core.chain.artifact import load
from core.chain.deployment import Plan, created_address
from core.chain.embedded import EmbeddedChain, RpcError
from core.chain.node import checksummed
from core.chain.suite import encoded
from core.chain.terms import acceptance_tuple, claim_tuple, deal_tuple, proof_of, root_of, share_tuple, terms_tuple
from core.chain.transaction import LegacyFee, MarketFee, Transaction
from core.chain.typed_data import Domain, DomainNotary, lease_id
from core.chain.wallet import Key
from core.model import (
    Acceptance,
    Address,
    Agreement,
    Amount,
    Kind,
    Redemption,
    Resources,
    Share,
    SignedAcceptance,
    Terms,
    Voucher,
    total_cap,
)

CHAIN_ID: Final = 31337
START: Final = 1_800_000_000
_GWEI: Final = 10**9
_GAS: Final = 7_900_000


@dataclass(frozen=True)
class Deal:
    """An agreement, with the donors' acceptances in the order of its shares, and the key that signs its vouchers."""

    agreement: Agreement
    accepted: tuple[SignedAcceptance, ...]
    session: Key

    @property
    def terms(self) -> tuple[object, ...]:
        """ILeases.Terms."""
        return terms_tuple(self.agreement.terms)

    @property
    def quoted(self) -> tuple[object, ...]:
        """What openQuoted takes."""
        shares = [share_tuple(share) for share in self.agreement.shares]
        return self.terms, shares, [acceptance_tuple(one) for one in self.accepted]

    def of(self, index: int) -> tuple[object, ...]:
        """ITrials.Deal."""
        return deal_tuple(self.agreement, index, self.accepted[index])

    def share(self, index: int) -> tuple[object, ...]:
        """ILeases.Share."""
        return share_tuple(self.agreement.shares[index])

    def proof(self, index: int) -> tuple[bytes, ...]:
        """That the share is behind the root."""
        return proof_of(self.agreement, index)


class Ledger:
    """One deployment; `created` is the gas that each contract's creation used.

    `time` is what the next block will say; blocks come with transactions and with `mine`.
    """

    def __init__(self, plan: Plan, *, legacy_fees: bool = False) -> None:
        self.time = START
        self.legacy_fees = legacy_fees
        self.issuer = self.key("issuer")
        self.chain = EmbeddedChain(
            CHAIN_ID, {_raw(self.issuer.address): 10**30}, legacy_fees=legacy_fees, now=lambda: self.time
        )
        self.created: dict[str, int] = {}
        self.contracts: dict[str, Contract] = {}
        self._web3 = Web3()
        self._nonces: dict[Address, int] = {}
        self._salts = 0
        coin, leases, trials, court = (checksummed(created_address(self.issuer.address, nonce)) for nonce in range(4))
        self.coin = self._create("Coin", plan.name, plan.symbol, plan.supply)
        self.leases = self._create("Leases", coin, trials, court, astuple(plan.periods))
        self.trials = self._create("Trials", leases, astuple(plan.trials))
        self.court = self._create("Court", leases, astuple(plan.court))
        if plan.sale is not None:
            sale = plan.sale
            accounts = (checksummed(sale.beneficiary), checksummed(sale.treasury))
            amounts = (sale.rate, sale.goal, sale.cap, sale.opens_at, sale.closes_at)
            terms = (coin, *amounts, *accounts, sale.team_coins)
            self.sale = self._create("Sale", terms, checksummed(sale.team), sale.cliff_s, sale.vesting_s)
        self.domain = Domain(CHAIN_ID, Address(self.leases.address.lower()))
        self.coin_domain = Domain(CHAIN_ID, Address(self.coin.address.lower()), plan.name)

    def key(self, name: str) -> Key:
        """The key of that name."""
        return Key(PrivateKey(keccak(name.encode())))

    def rich(self, name: str) -> Key:
        """The key of that name, with native coin for fees."""
        key = self.key(name)
        self.fund(key)
        return key

    def fund(self, key: Key) -> None:
        """Native coin for fees."""
        self.send(self.issuer, key.address, b"", value=10**24)

    def member(self, name: str, *, coin: int = 0, free: int = 0, stake: int = 0) -> Key:
        """A rich key with coin in its own hands, and free and bonded in the vault."""
        key = self.rich(name)
        if coin:
            self.do(self.issuer, self.coin, "transfer", checksummed(key.address), coin)
        if free + stake:
            self.do(self.issuer, self.coin, "approve", self.leases.address, free + stake)
            self.do(self.issuer, self.leases, "deposit", free + stake)
            self.do(self.issuer, self.leases, "give", checksummed(key.address), free + stake)
        if stake:
            self.do(key, self.leases, "bond", stake)
        return key

    def do(self, key: Key, contract: Contract, function: str, *arguments: object, value: int = 0) -> int:
        """Call a function; the gas that the transaction used. Raises RpcError with the revert's data."""
        receipt = self.send(
            key, Address(contract.address.lower()), encoded(contract, function, *arguments), value=value
        )
        return int(receipt["gasUsed"], 16)

    def several(self, key: Key, *calls: tuple[object, ...]) -> int:
        """Call several functions of Leases in one transaction; each call is a name and its arguments."""
        return self.do(key, self.leases, "multicall", [encoded(self.leases, str(name), *rest) for name, *rest in calls])

    def send(self, key: Key, to: Address | None, data: bytes, *, value: int = 0) -> Mapping[str, Any]:
        """The receipt of a transaction that is mined at once. Raises RpcError with the revert's data."""
        nonce = self._nonces.get(key.address, 0)
        fee = LegacyFee(_GWEI) if self.legacy_fees else MarketFee(4 * _GWEI, _GWEI)
        raw = key.sign_transaction(Transaction(CHAIN_ID, nonce, fee, _GAS, to, value, data))
        name = self.chain.answer("eth_sendRawTransaction", ["0x" + raw.hex()])
        self._nonces[key.address] = nonce + 1
        receipt: Any = self.chain.answer("eth_getTransactionReceipt", [name])
        if receipt["status"] != "0x1":
            call = {"from": key.address, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
            self.chain.answer("eth_call", [call, "latest"])
            raise RpcError(3, "execution reverted: out of gas")
        return dict(receipt)

    def mine(self, blocks: int) -> None:
        """That many empty blocks."""
        for _ in range(blocks):
            self.chain.answer("evm_mine", [])

    def view(self, contract: Contract, function: str, *arguments: object) -> Any:
        """What a view answers: one value, or a tuple."""
        call = {"to": contract.address, "data": "0x" + encoded(contract, function, *arguments).hex()}
        entry = next(e for e in contract.abi if e.get("name") == function and e["type"] == "function")
        raw = bytes.fromhex(str(self.chain.answer("eth_call", [call, "latest"]))[2:])
        values = decode([_type(output) for output in entry["outputs"]], raw)
        return values[0] if len(values) == 1 else values

    def notary(self, key: Key) -> DomainNotary:
        """Signs with `key` in the domain of Leases."""
        return DomainNotary(self.domain, key)

    def deal(
        self, renter: Key, donors: Sequence[Key], *, penalty: int = 0, cap: int = 10**18, lasts_s: int = 3600
    ) -> Deal:
        """A lease agreed on, a share for each of `donors`; seat 0 of each donor's machine is signed away."""
        self._salts += 1
        session = self.key(f"session {self._salts}")
        shares = tuple(
            Share(index, donor.address, Resources(2000, 4096), Amount(10**13), Amount(cap), Amount(penalty))
            for index, donor in enumerate(donors)
        )
        terms = Terms(
            renter=renter.address,
            session=session.address,
            root=root_of(shares),
            deposit=total_cap(shares),
            ends_at=self.time + lasts_s,
            grace_s=600,
            salt="0x" + keccak(self._salts.to_bytes(32, "big")).hex(),
        )
        name = lease_id(self.domain, terms)
        accepted = []
        for share, donor in zip(shares, donors, strict=True):
            said = Acceptance(name, share.index, share.donor, self.time + 600, f"0x{1:064x}")
            accepted.append(SignedAcceptance(said, self.notary(donor).sign(said)))
        agreement = Agreement(name, terms, shares, 20, Kind.SPARK, "0x" + "22" * 32)
        return Deal(agreement, tuple(accepted), session)

    def claims(self, deal: Deal, amounts: Mapping[int, int]) -> list[tuple[object, ...]]:
        """Vouchers for amounts by index of share, as `claim` takes them."""
        leaves = [merkle.leaf(share) for share in deal.agreement.shares]
        claims = []
        for index, amount in amounts.items():
            voucher = Voucher(deal.agreement.lease, index, Amount(amount))
            signature = self.notary(deal.session).sign(voucher)
            claims.append(claim_tuple(Redemption(voucher, signature, deal.agreement.shares[index]), leaves))
        return claims

    def _create(self, name: str, *arguments: object) -> Contract:
        artifact = load(name)
        factory = self._web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        receipt = self.send(self.issuer, None, bytes.fromhex(factory.constructor(*arguments).data_in_transaction[2:]))
        self.created[name] = int(receipt["gasUsed"], 16)
        self.contracts[name] = self._web3.eth.contract(receipt["contractAddress"], abi=artifact.abi)
        return self.contracts[name]


def _raw(account: Address) -> bytes:
    return bytes.fromhex(account[2:])


def _type(output: Mapping[str, Any]) -> str:
    kind = str(output["type"])
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(part) for part in output["components"]) + ")" + kind.removeprefix("tuple")
