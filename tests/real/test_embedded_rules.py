"""The embedded chain's rules, held against raw bytecode: Ethereum Classic's opcodes, prices, limits; and the pool."""

from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account

from core.chain.embedded import EmbeddedChain, RpcError
from core.chain.transaction import Fee, LegacyFee, MarketFee, Transaction
from core.chain.wallet import Key
from core.model import Address

CHAIN_ID = 61
GWEI = 10**9
BLOCK_GAS = 8_000_000
INITCODE_LIMIT = 49_152
STOP, DIFFICULTY, BASEFEE, PUSH0 = "00", "44", "48", "5f"
RETURN_WORD = "600052" + "60206000f3"  # what lies on the stack, as 32 bytes
NOBODY = Address("0x" + "11" * 20)


class Lab:
    """A chain, and one funded key that sends to it."""

    def __init__(self, *, classic: bool = True) -> None:
        self.key = Key.random()
        self.clock = 1_700_000_000.0
        funded = {bytes.fromhex(self.key.address[2:]): 10**24}
        self.chain = EmbeddedChain(CHAIN_ID, funded, legacy_fees=classic, now=lambda: self.clock)
        self.nonce = 0

    def ask(self, method: str, *params: Any) -> Any:
        return self.chain.answer(method, params)

    def raw(self, code: str = "", *, to: Address | None = None, gas: int = 1_000_000, **changes: Any) -> str:
        fee: Fee = changes.get("fee", LegacyFee(2 * GWEI))
        nonce = changes.get("nonce", self.nonce)
        signed = self.key.sign_transaction(Transaction(CHAIN_ID, nonce, fee, gas, to, 0, bytes.fromhex(code)))
        return "0x" + signed.hex()

    def send(self, code: str = "", *, to: Address | None = None, gas: int = 1_000_000) -> Any:
        """The receipt of a transaction that creates a contract with `code`, or sends it `to` an account."""
        hash_ = self.ask("eth_sendRawTransaction", self.raw(code, to=to, gas=gas))
        self.nonce += 1
        return self.ask("eth_getTransactionReceipt", hash_)

    def run(self, code: str) -> bytes:
        """What `code` returns when run now."""
        return bytes.fromhex(self.ask("eth_call", {"from": self.key.address, "data": "0x" + code}, "latest")[2:])

    def balance(self, account: str) -> int:
        return int(self.ask("eth_getBalance", account, "latest"), 16)


def _runs(lab: Lab, code: str) -> bool:
    try:
        lab.run(code)
    except RpcError as refused:
        assert refused.code == 3
        return False
    return True


def test_basefee_is_no_opcode_of_ethereum_classic_and_push0_is() -> None:
    classic, london = Lab(), Lab(classic=False)

    assert not _runs(classic, BASEFEE + STOP) and _runs(london, BASEFEE + STOP)
    assert _runs(classic, PUSH0 + STOP) and not _runs(london, PUSH0 + STOP)
    assert _runs(classic, STOP)


@pytest.mark.parametrize("later", ["49", "4a", "5c", "5d", "5e"])
def test_what_cancun_added_is_no_opcode_of_ethereum_classic(later: str) -> None:
    assert not _runs(Lab(), "600060006000" + later + STOP)


def test_opcode_0x44_is_the_blocks_difficulty() -> None:
    lab = Lab()

    receipt = lab.send(DIFFICULTY + RETURN_WORD)

    code = lab.ask("eth_getCode", receipt["contractAddress"], "latest")
    block = lab.ask("eth_getBlockByNumber", receipt["blockNumber"])
    assert int(code, 16) == int(block["difficulty"], 16) > 0
    assert "baseFeePerGas" not in block


def test_a_contract_may_not_begin_with_0xef() -> None:
    lab = Lab()

    refused = lab.send("60ef600053" + "60016000f3")
    accepted = lab.send("60ee600053" + "60016000f3")

    assert (refused["status"], accepted["status"]) == ("0x0", "0x1")


def test_code_that_creates_a_contract_has_a_limit() -> None:
    lab = Lab()

    with pytest.raises(RpcError, match="max initcode size exceeded"):
        lab.send("00" * (INITCODE_LIMIT + 1))
    accepted = lab.send("00" * INITCODE_LIMIT)

    assert accepted["status"] == "0x1"
    assert int(accepted["gasUsed"], 16) == 21_000 + 32_000 + 4 * INITCODE_LIMIT + 2 * INITCODE_LIMIT // 32
    assert _runs(lab, f"62{INITCODE_LIMIT:06x}60006000f000")
    assert not _runs(lab, f"62{INITCODE_LIMIT + 1:06x}60006000f000")


def test_the_miners_account_is_warm() -> None:
    receipt = Lab().send("41" + "31" + "50" + STOP)

    data, initcode_word, operations = 3 * 16 + 4, 2, 2 + 100 + 2
    assert int(receipt["gasUsed"], 16) == 21_000 + 32_000 + data + initcode_word + operations


def test_clearing_a_slot_refunds_what_eip_3529_says() -> None:
    lab = Lab()
    stores_its_input = "600035600055" + STOP
    deployed = lab.send("66" + stores_its_input + "600052" + "60076019f3")
    contract = Address(deployed["contractAddress"].lower())
    lab.send("00" * 31 + "01", to=contract)

    cleared = lab.send("00" * 32, to=contract)

    assert int(cleared["gasUsed"], 16) == 21_000 + 4 * 32 + 9 + 5_000 - 4_800


def test_a_block_holds_eight_million_gas_and_never_less() -> None:
    lab = Lab()
    for _ in range(20):
        lab.ask("evm_mine")

    with pytest.raises(RpcError, match="exceeds block gas limit"):
        lab.send(STOP, gas=BLOCK_GAS + 1)
    accepted = lab.send(STOP, gas=BLOCK_GAS)

    assert accepted["status"] == "0x1"
    assert int(lab.ask("eth_getBlockByNumber", "latest")["gasLimit"], 16) == BLOCK_GAS


def test_transactions_are_legacy_or_have_an_access_list_but_know_no_base_fee() -> None:
    lab = Lab()
    wanted = {
        "chainId": CHAIN_ID,
        "nonce": 0,
        "gas": 60_000,
        "gasPrice": 2 * GWEI,
        "to": NOBODY,
        "value": 5,
        "data": "0x",
    }
    listed = Account.from_key(lab.key.export()).sign_transaction({**wanted, "type": 1, "accessList": []})

    with pytest.raises(RpcError, match="transaction refused"):
        lab.ask("eth_sendRawTransaction", lab.raw(to=NOBODY, fee=MarketFee(2 * GWEI, GWEI)))
    hash_ = lab.ask("eth_sendRawTransaction", listed.raw_transaction.to_0x_hex())

    assert lab.ask("eth_getTransactionReceipt", hash_)["type"] == "0x1"
    assert lab.balance(NOBODY) == 5
    for method in ("eth_feeHistory", "eth_maxPriorityFeePerGas"):
        with pytest.raises(RpcError, match="does not exist"):
            lab.ask(method)


@pytest.mark.parametrize("classic", [True, False])
def test_the_hashes_of_the_latest_256_blocks_are_known_to_contracts(classic: bool) -> None:
    lab = Lab(classic=classic)
    for _ in range(260):
        lab.ask("evm_mine")
    latest = int(lab.ask("eth_blockNumber"), 16)

    def seen(blocks_ago: int) -> bytes:
        # A leading zero byte: what a hash begins with could otherwise be 0xEF, which no code may.
        return lab.run(f"61{blocks_ago:04x}43034060015260216000f3")[1:]

    for blocks_ago in (1, 2, 128, 256):
        block = lab.ask("eth_getBlockByNumber", hex(latest + 1 - blocks_ago))
        assert seen(blocks_ago).hex() == block["hash"][2:]
    assert seen(257) == bytes(32)


def test_time_and_blocks_move_when_told_to() -> None:
    lab = Lab()
    before = lab.ask("eth_getBlockByNumber", "latest")

    lab.ask("evm_increaseTime", hex(86_400))
    lab.ask("evm_mine")

    after = lab.ask("eth_getBlockByNumber", "latest")
    assert int(after["number"], 16) == int(before["number"], 16) + 1
    assert int(after["timestamp"], 16) == int(before["timestamp"], 16) + 86_400
    assert after["parentHash"] == before["hash"]


@pytest.fixture(params=["classic", "london"])
def priced(request: pytest.FixtureRequest) -> tuple[Lab, Callable[[int], Fee]]:
    """A chain that takes no tip below 3 gwei, and what a bid of so many gwei looks like there."""
    lab = Lab(classic=request.param == "classic")
    lab.ask("sparecloud_setLeastTip", hex(3 * GWEI))
    if request.param == "classic":
        return lab, lambda gwei: LegacyFee(gwei * GWEI)
    return lab, lambda gwei: MarketFee((gwei + 10) * GWEI, gwei * GWEI)


def test_a_cheap_transaction_waits_until_it_is_outbid_and_one_of_both_is_mined(
    priced: tuple[Lab, Callable[[int], Fee]],
) -> None:
    lab, bid = priced
    cheap = lab.ask("eth_sendRawTransaction", lab.raw(to=NOBODY, fee=bid(1)))
    assert lab.ask("eth_getTransactionReceipt", cheap) is None
    assert lab.ask("eth_getTransactionCount", lab.key.address, "pending") == "0x1"
    assert lab.ask("eth_getTransactionCount", lab.key.address, "latest") == "0x0"

    with pytest.raises(RpcError, match="already known"):
        lab.ask("eth_sendRawTransaction", lab.raw(to=NOBODY, fee=bid(1)))
    with pytest.raises(RpcError, match="replacement transaction underpriced"):
        lab.ask("eth_sendRawTransaction", lab.raw("01", to=NOBODY, fee=bid(1)))
    dear = lab.ask("eth_sendRawTransaction", lab.raw(to=NOBODY, fee=bid(4)))

    assert lab.ask("eth_getTransactionReceipt", dear)["status"] == "0x1"
    assert lab.ask("eth_getTransactionReceipt", cheap) is None
    with pytest.raises(RpcError, match="nonce too low"):
        lab.ask("eth_sendRawTransaction", lab.raw(to=NOBODY, fee=bid(5)))


def test_what_waits_is_mined_in_order_once_the_tip_suffices(priced: tuple[Lab, Callable[[int], Fee]]) -> None:
    lab, bid = priced
    hashes = [
        lab.ask("eth_sendRawTransaction", lab.raw(to=NOBODY, nonce=nonce, fee=bid(fee)))
        for nonce, fee in ((1, 5), (2, 1), (0, 1))
    ]

    lab.ask("sparecloud_setLeastTip", hex(GWEI))

    blocks = [int(lab.ask("eth_getTransactionReceipt", one)["blockNumber"], 16) for one in hashes]
    assert blocks[2] < blocks[0] < blocks[1]
