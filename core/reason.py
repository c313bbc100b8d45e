"""Why a lease, a share or a worker ended: one enum, each member with the sentence that every screen shows."""

from enum import StrEnum


class Reason(StrEnum):
    """A cause, apart from the phase that it led to."""

    RENTER_CLOSED = "renter_closed"
    TIME_IS_UP = "time_is_up"
    DONOR_REFUSED = "donor_refused"
    DONOR_SILENT = "donor_silent"
    NOT_OPENED = "not_opened"
    OPENING_FAILED = "opening_failed"
    MASTER_FAILED = "master_failed"
    NEVER_STARTED = "never_started"
    WORKER_DIED = "worker_died"
    WORKER_LOST = "worker_lost"
    ALL_WORKERS_LOST = "all_workers_lost"
    UNPAID = "unpaid"
    OWNER_RETURNED = "owner_returned"
    START_FAILED = "start_failed"
    LET_GO = "let_go"

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.RENTER_CLOSED: "The renter ended the lease.",
    Reason.TIME_IS_UP: "The time that was paid for is over.",
    Reason.DONOR_REFUSED: "A donor no longer had the room that it had offered.",
    Reason.DONOR_SILENT: "A donor did not answer in time.",
    Reason.NOT_OPENED: "The lease was never paid into escrow, so the room was given free again.",
    Reason.OPENING_FAILED: "The escrow could not be opened; nothing was paid.",
    Reason.MASTER_FAILED: "The cluster's master could not be started on this machine.",
    Reason.NEVER_STARTED: "The donor accepted and never started its worker; it is paid nothing.",
    Reason.WORKER_DIED: "The worker's container ended by itself; it is paid for the seconds it served.",
    Reason.WORKER_LOST: "The worker disappeared from the cluster; it is paid for the seconds it served.",
    Reason.ALL_WORKERS_LOST: "No worker is left, so the lease was closed.",
    Reason.UNPAID: "The renter stopped signing vouchers, so the worker was stopped and the last voucher redeemed.",
    Reason.OWNER_RETURNED: "The owner wanted the machine back.",
    Reason.START_FAILED: "The worker could not be started on this machine.",
    Reason.LET_GO: "The renter let the worker go; it is paid for the seconds it served.",
}
