"""Why a relay refuses an ask: a word for the metrics, a sentence for who asked."""

from enum import StrEnum
from typing import Final


class Refusal(StrEnum):
    """Every reason."""

    MALFORMED = "malformed"
    BUSY = "busy"
    SIGNER_BUSY = "signer_busy"
    STALE = "stale"
    FORGED = "forged"
    UNKNOWN_LEASE = "unknown_lease"
    CLOSED_LEASE = "closed_lease"
    OVER = "over"
    WRONG_CERTIFICATE = "wrong_certificate"
    TOO_MANY_LEASES = "too_many_leases"
    TOO_MANY_OF_RENTER = "too_many_of_renter"
    NO_CHAIN = "no_chain"
    NOT_STARTED = "not_started"
    NO_RELEASE_KEY = "no_release_key"
    OLD_RELEASE = "old_release"
    FORGED_RELEASE = "forged_release"

    @property
    def sentence(self) -> str:
        """For the one who asked."""
        return _SENTENCES[self]


class Refused(Exception):
    """The ask is refused."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.sentence)
        self.why = why


_SENTENCES: Final = {
    Refusal.MALFORMED: "The ask is malformed, or too long.",
    Refusal.BUSY: "The relay gets more asks than it answers; try again in a minute.",
    Refusal.SIGNER_BUSY: "You ask more often than this relay answers; try again in a minute.",
    Refusal.STALE: "The ask is stale, was here before, or is for another relay; check this machine's clock.",
    Refusal.FORGED: "The ask is not signed by the lease's session key.",
    Refusal.UNKNOWN_LEASE: "No such lease is open on this relay's chain.",
    Refusal.CLOSED_LEASE: "The lease is closed.",
    Refusal.OVER: "The lease's time is over.",
    Refusal.WRONG_CERTIFICATE: "The certificate is not one for this relay, at that address, by that authority.",
    Refusal.TOO_MANY_LEASES: "The relay carries as many leases as it can.",
    Refusal.TOO_MANY_OF_RENTER: "The relay carries as many leases of this renter as it allows.",
    Refusal.NO_CHAIN: "The relay's chain node does not answer, so it cannot look the lease up; try again.",
    Refusal.NOT_STARTED: "The relay could not start the lease's network; try again, or use another relay.",
    Refusal.NO_RELEASE_KEY: "The relay's settings name no release key, so it hands out no announcements.",
    Refusal.OLD_RELEASE: "The relay holds the announcement of a newer release, or a newer one of the same.",
    Refusal.FORGED_RELEASE: "The announcement is not by the market's release key, or not for now; check the clock.",
}
