"""Who may ask: letters are checked cheapest first, and a flood of them costs a bounded number of signatures. Pure.

Whether the lease is open is looked up later (core/relay/desk.py), and only for letters that passed here.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from core.chain.typed_data import Domain, digest, lease_id, recover, signature_bytes
from core.errors import InvalidInput
from core.model import Address, LeaseId
from core.relay.refusals import Refusal, Refused
from core.wire.freshness import Freshness
from core.wire.relay_letters import Ask, Close, Open, body_hash, mailbox

_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Pace:
    """How many asks a minute are looked at, in all and of one signer."""

    in_all: int
    a_signer: int


class Doorman:
    """Lets letters to the relay with `node_key` in, on the market of `domain`, from `started_at` (Unix seconds) on."""

    def __init__(self, domain: Domain, node_key: str, pace: Pace, started_at: int) -> None:
        self._domain = domain
        self._mailbox = mailbox(node_key)
        self._pace = pace
        self._freshness = Freshness(started_at)
        self._minute = started_at // _MINUTE_S
        self._asks = 0
        self._asks_of: Counter[Address] = Counter()

    def count(self, now: int) -> None:
        """One more ask came. Raises Refused where they are too many."""
        if now // _MINUTE_S != self._minute:
            self._minute, self._asks = now // _MINUTE_S, 0
            self._asks_of.clear()
        self._asks += 1
        if self._asks > self._pace.in_all:
            raise Refused(Refusal.BUSY)

    def check(self, ask: Ask, body: Open | Close, now: int) -> LeaseId:
        """The lease that the letter is about, once its session signed it, now and for this relay. Raises Refused."""
        head = ask.letterhead
        if head is None or head.body_hash != body_hash(ask.body) or head.sender != body.terms.session:
            raise Refused(Refusal.FORGED)
        pair = (head.sender, head.recipient)
        if head.recipient != self._mailbox or not self._freshness.is_new(pair, head.sequence, head.expires_at, now):
            raise Refused(Refusal.STALE)
        try:
            signer = recover(digest(self._domain, head), signature_bytes(ask.signature))
        except InvalidInput as malformed:
            raise Refused(Refusal.FORGED) from malformed
        if signer != head.sender:
            raise Refused(Refusal.FORGED)
        self._freshness.remember(pair, head.sequence)
        self._asks_of[signer] += 1
        if self._asks_of[signer] > self._pace.a_signer:
            raise Refused(Refusal.SIGNER_BUSY)
        return lease_id(self._domain, body.terms)
