"""Whether a machine may take the ticket that a renter offers it: what a stranger asks of our network. Pure."""

from collections.abc import Collection

from core.errors import InvalidInput
from core.runtime.overlay.certificates import MASTER_GROUP, WORKER_GROUP, verified
from core.ticket import MASTER, Overlay, Ticket


def admitted(ticket: Ticket, *, group: str, node_key: str, relays: Collection[str]) -> Overlay:
    """The overlay of `ticket`, once it is known to be for this node and to lead to relays of our own choice.

    Raises InvalidInput. `relays` are hosts that this machine's owner has named: no renter may aim packets at others.
    """
    overlay = ticket.overlay
    if overlay is None:
        raise InvalidInput(
            "The renter sent no place in the lease's encrypted network.", "Choose a renter whose market has relays."
        )
    strangers = sorted({relay.host for relay in overlay.relays} - set(relays))
    if strangers:
        raise InvalidInput(
            f"The lease uses a relay that this machine's settings do not name: {', '.join(strangers)}.",
            "Add it to `relays` under [network] where you trust it.",
        )
    certificate = verified(overlay.certificate, overlay.authority)
    if certificate.key.hex() != node_key:
        raise InvalidInput("The certificate of the lease's network is for another node than this one.")
    if certificate.groups != (group,) or str(certificate.networks[0].ip) != overlay.address:
        raise InvalidInput("The certificate of the lease's network does not say what the ticket says.")
    if (overlay.address == MASTER) != (group == MASTER_GROUP) or group not in (MASTER_GROUP, WORKER_GROUP):
        raise InvalidInput(f"The address {overlay.address} is not one for a {group}.")
    return overlay
