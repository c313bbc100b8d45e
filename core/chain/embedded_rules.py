"""The two sets of rules that the embedded chain knows, for py-evm: Ethereum's London, and Ethereum Classic's Spiral.

Spiral is what Ethereum Classic runs since 2024: Shanghai's opcodes and prices without a fee market. There is no
BASEFEE, 0x44 is the difficulty, a transaction is legacy or of type 1 (access list), and blocks hold 8,000,000 gas.
Sources: ECIP-1103 (Magneto: Berlin's EIPs), ECIP-1104 (Mystique: EIP-3529, EIP-3541), ECIP-1109 (Spiral: EIP-3651,
EIP-3855, EIP-3860).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from eth.abc import BlockHeaderAPI, VirtualMachineAPI
from eth.consensus.noproof import NoProofConsensus
from eth.vm import opcode_values
from eth.vm.forks.berlin import BerlinVM
from eth.vm.forks.berlin.state import BerlinState
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.opcodes import LONDON_OPCODES
from eth.vm.forks.shanghai.computation import ShanghaiComputation
from eth.vm.forks.shanghai.constants import MAX_INITCODE_SIZE
from eth.vm.forks.shanghai.opcodes import SHANGHAI_OPCODES

_OF_SHANGHAI: Final = (opcode_values.PUSH0, opcode_values.CREATE, opcode_values.CREATE2)


def _steady(create: Callable[..., BlockHeaderAPI]) -> Any:
    """Blocks of one size: py-evm's miner would shrink idle ones by a thousandth each."""

    def header_from(parent: BlockHeaderAPI | None, **fields: Any) -> BlockHeaderAPI:
        return create(parent, **({"gas_limit": parent.gas_limit} if parent is not None else {}) | fields)

    return staticmethod(header_from)


class _Trusting:
    """Skips header checks: every block is our own, and equal timestamps are meant."""

    @classmethod
    def validate_header(cls, header: object, parent_header: object) -> None: ...

    def validate_block(self, block: object) -> None: ...

    @classmethod
    def validate_seal(cls, header: object) -> None: ...

    def validate_seal_extension(self, header: object, parents: object) -> None: ...


class _LondonVm(_Trusting, LondonVM):
    consensus_class = NoProofConsensus
    create_header_from_parent = _steady(LondonVM.create_header_from_parent)


class _SpiralComputation(ShanghaiComputation):
    opcodes = {code: known for code, known in LONDON_OPCODES.items() if code != opcode_values.BASEFEE} | {
        code: SHANGHAI_OPCODES[code] for code in _OF_SHANGHAI
    }


class _SpiralState(BerlinState):
    computation_class = _SpiralComputation


class _SpiralVm(_Trusting, BerlinVM):
    fork = "spiral"
    consensus_class = NoProofConsensus
    _state_class = _SpiralState
    create_header_from_parent = _steady(BerlinVM.create_header_from_parent)

    @classmethod
    def calculate_net_gas_refund(cls, consumed_gas: int, gross_refund: int) -> int:
        return LondonVM.calculate_net_gas_refund(consumed_gas, gross_refund)


@dataclass(frozen=True, slots=True)
class Rules:
    """One chain's rules. `fee_market` is EIP-1559; `initcode_limit` is EIP-3860's, in bytes."""

    vm: type[VirtualMachineAPI]
    block_gas: int
    fee_market: bool
    initcode_limit: int | None


LONDON: Final = Rules(_LondonVm, 30_000_000, fee_market=True, initcode_limit=None)
CLASSIC: Final = Rules(_SpiralVm, 8_000_000, fee_market=False, initcode_limit=MAX_INITCODE_SIZE)
