"""How long 64 vouchers take to sign and to verify: `python -m benchmarks.vouchers`, beside eth_account doing the same.

Fails where the median of both together is past the goal of 50 ms. `--write` puts the figures into docs/gas.md.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data

from core.chain.typed_data import Domain, DomainNotary
from core.chain.wallet import Key
from core.model import Amount, LeaseId, Voucher

VOUCHERS: Final = 64
GOAL_MS: Final = 50
_RUNS: Final = 51
_RIVALS_RUNS: Final = 5
_REPORT: Final = Path(__file__).parents[1] / "docs" / "gas.md"
_BEGIN, _END = "<!-- vouchers -->\n", "<!-- end of vouchers -->"
_TYPES: Final = {
    "Voucher": [
        {"name": "lease", "type": "bytes32"},
        {"name": "index", "type": "uint32"},
        {"name": "amount", "type": "uint128"},
    ]
}

_T = TypeVar("_T")
Times = tuple[float, float]
"""Milliseconds to sign, and to verify."""


def ours(key: Key, domain: Domain, vouchers: Sequence[Voucher]) -> tuple[Times, list[str]]:
    """How long it took, and the signatures."""
    notary = DomainNotary(domain, key)
    signing_ms, signatures = _timed(lambda: [notary.sign(voucher) for voucher in vouchers])
    pairs = list(zip(vouchers, signatures, strict=True))
    verifying_ms, signers = _timed(lambda: {notary.signer(voucher, signature) for voucher, signature in pairs})
    assert signers == {key.address}
    return (signing_ms, verifying_ms), signatures


def theirs(key: Key, domain: Domain, vouchers: Sequence[Voucher]) -> tuple[Times, list[str]]:
    """The same with eth_account."""
    account: Any = Account.from_key(key.export())
    name = {"name": domain.name, "version": "1", "chainId": domain.chain_id, "verifyingContract": domain.contract}
    fields = [{"lease": one.lease, "index": one.index, "amount": one.amount} for one in vouchers]

    def letter(voucher: dict[str, Any]) -> SignableMessage:
        return encode_typed_data(name, _TYPES, voucher)

    signing_ms, signatures = _timed(lambda: [account.sign_message(letter(one)).signature for one in fields])
    pairs = list(zip(fields, signatures, strict=True))
    verifying_ms, signers = _timed(lambda: {Account.recover_message(letter(one), signature=by) for one, by in pairs})
    assert {str(signer).lower() for signer in signers} == {key.address}
    return (signing_ms, verifying_ms), ["0x" + bytes(signature).hex() for signature in signatures]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the goal is reached, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vouchers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the figures into docs/gas.md")
    asked = parser.parse_args(arguments)
    key, domain = Key.random(), Domain(61, Key.random().address)
    vouchers = [Voucher(LeaseId("0x" + "5a" * 32), index, Amount(10**18 + index)) for index in range(VOUCHERS)]
    if ours(key, domain, vouchers)[1] != theirs(key, domain, vouchers)[1]:
        print("Both do not sign the same, so there is nothing to compare.", file=sys.stderr)
        return 1
    own = [ours(key, domain, vouchers)[0] for _ in range(_RUNS)]
    rivals = [theirs(key, domain, vouchers)[0] for _ in range(_RIVALS_RUNS)]
    rows = _rows(own, rivals)
    print("\n".join(rows))
    if asked.write:
        before, _, rest = _REPORT.read_text("utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        _REPORT.write_text(before + _BEGIN + "\n".join(rows) + "\n" + _END + after, "utf-8")
    return 0 if median(sum(run) for run in own) <= GOAL_MS else 1


def _rows(own: Sequence[Times], rivals: Sequence[Times]) -> list[str]:
    rows = [f"| {VOUCHERS} vouchers | Sparecloud, ms | eth_account, ms | Ratio |", "|---|---:|---:|---:|"]
    for what, mine, others in (
        ("signed", median(run[0] for run in own), median(run[0] for run in rivals)),
        ("verified", median(run[1] for run in own), median(run[1] for run in rivals)),
        ("both", median(sum(run) for run in own), median(sum(run) for run in rivals)),
    ):
        rows.append(f"| {what} | {mine:.1f} | {others:.0f} | {others / mine:.0f} |")
    return rows


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    start = time.perf_counter()
    done = work()
    return 1000 * (time.perf_counter() - start), done


if __name__ == "__main__":
    sys.exit(main())
