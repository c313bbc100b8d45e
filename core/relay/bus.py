"""The relay's message bus: open to anybody, within limits, and with subjects that only the relay itself may use."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BusUnavailable
from core.settings import Relay
from core.wire import embedded
from core.wire.board import ASK, OFFERS
from core.wire.bus import Login
from core.wire.embedded import EmbeddedBus
from core.wire.peers import letters_to
from core.wire.relay_letters import ASKS, subject

_GUEST: Final = "guest"
_SUBSCRIPTIONS_A_GUEST: Final = 1024
_PENDING_BYTES: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class RelayBus:
    """A running bus: the relay's own way in, and the loopback address of its figures."""

    server: EmbeddedBus
    login: Login
    figures_url: str


def start(folder: Path, settings: Relay) -> RelayBus:
    """Start it, its files in `folder`. Blocks; raises PortInUse, BusUnavailable."""
    # A login of this run: whoever reads it tomorrow has nothing.
    login = Login("relay", secrets.token_urlsafe(32))
    server = embedded.start(folder, settings.port, host=settings.listen, rules=_rules(settings, login))
    try:
        ports = json.loads((folder / f"nats-server_{server.pid}.ports").read_text("utf-8"))
        return RelayBus(server, login, str(ports["monitoring"][0]))
    except (OSError, ValueError, KeyError, IndexError) as odd:
        server.stop()
        raise BusUnavailable("The message bus does not say where its figures are.", "Start the relay again.") from odd


def _rules(settings: Relay, login: Login) -> Mapping[str, object]:
    guest = {
        "publish": {"allow": [OFFERS, ASK, letters_to("*"), ASKS]},
        # Neither what is asked of the relay nor wildcards beyond these; nobody but the relay publishes answers.
        "subscribe": {"allow": [OFFERS, ASK, letters_to("*"), subject("*")]},
    }
    rules: dict[str, object] = {
        "http": "127.0.0.1:-1",
        "max_connections": settings.most_connections,
        "max_subscriptions": _SUBSCRIPTIONS_A_GUEST,
        "max_control_line": 1024,
        # Who reads too slowly is cut off rather than waited for.
        "max_pending": _PENDING_BYTES,
        "write_deadline": "5s",
        "ping_interval": "30s",
        "no_auth_user": _GUEST,
        "authorization": {
            "timeout": 3,
            "users": [
                {"user": _GUEST, "password": secrets.token_urlsafe(32), "permissions": guest},
                {"user": login.user, "password": login.password},
            ],
        },
    }
    if settings.tls_certificate:
        rules["tls"] = {"cert_file": settings.tls_certificate, "key_file": settings.tls_key}
        # The relay's own connection, over loopback, has no name that a certificate could vouch for.
        rules["allow_non_tls"] = True
    return rules
