"""What contracts wrote into the chain's log, checked before it is believed."""

from collections.abc import Mapping
from typing import Any

from web3.types import LogReceipt

from core.chain.suite import odd
from core.model import Address


def topic_of(account: Address) -> str:
    """An account as an indexed argument: 32 bytes in hexadecimal digits."""
    return "0x" + account[2:].rjust(64, "0")


def decoded(event: Any, log: LogReceipt, contract: Address) -> Mapping[str, Any]:
    """The arguments of `event` in `log`. Raises ChainUnavailable where it is another's, or not what it claims."""
    try:
        fields: Mapping[str, Any] = event.process_log(log)["args"]
        written_by = str(log["address"]).lower()
    except Exception as malformed:  # web3 raises a dozen kinds for a log that is not what it claims
        raise odd() from malformed
    if written_by != contract:
        raise odd()
    return fields
