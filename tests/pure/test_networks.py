"""Networks: what settings name is what a node must lead to, and public ones are not talked to in the clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chain.networks import CHAINS, chain_of, confirmations
from core.errors import InvalidInput
from core.settings import Network, parse

PUBLIC = ["ethereum", "sepolia", "classic", "mordor"]
IDS = {"development": 31337, "ethereum": 1, "sepolia": 11155111, "classic": 61, "mordor": 63}


def _named(name: str, rest: str = "") -> Network:
    return parse(f'[network]\nname = "{name}"\nrpc_url = "https://node.example"\n{rest}', "settings.toml").network


@pytest.mark.parametrize("name", IDS)
def test_a_named_network_is_that_chain_and_no_other(name: str) -> None:
    network = _named(name)

    assert chain_of(network, IDS[name]) is CHAINS[name]
    for other in {*IDS.values(), 7} - {IDS[name]}:
        with pytest.raises(InvalidInput, match="but the node leads to") as refused:
            chain_of(network, other)
        assert str(IDS[name]) in refused.value.title and str(other) in refused.value.title
        assert "rpc_url" in refused.value.hint


def test_a_custom_network_may_be_any_chain_and_is_known_by_its_id_where_we_know_it() -> None:
    custom = _named("custom")

    assert chain_of(custom, 7).confirmations == 0
    assert chain_of(custom, 61) is CHAINS["classic"]
    assert chain_of(Network(rpc_url="http://node.example"), 7) is CHAINS["custom"]


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("url", ["http://node.example", "HTTP://10.0.0.7:8545", "http://127.0.0.1.example/"])
def test_plain_http_to_a_public_chain_is_refused_unless_settings_allow_it(name: str, url: str) -> None:
    for network in (Network(name=name, rpc_url=url), Network(rpc_url=url)):  # type: ignore[arg-type]  # a literal's name
        with pytest.raises(InvalidInput, match="plain http") as refused:
            chain_of(network, IDS[name])
        assert "allow_plain_http" in refused.value.hint

    allowed = Network(name=name, rpc_url=url, allow_plain_http=True)  # type: ignore[arg-type]  # as above
    assert chain_of(allowed, IDS[name]) is CHAINS[name]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8545", "http://localhost:8545", "http://[::1]:1", "https://node.example"]
)
def test_a_node_of_ones_own_and_an_encrypted_one_are_accepted(url: str) -> None:
    assert chain_of(Network(name="ethereum", rpc_url=url), 1) is CHAINS["ethereum"]


def test_money_on_a_public_chain_waits_for_blocks_unless_settings_say_how_many() -> None:
    assert all(confirmations(_named(name), CHAINS[name]) > 0 for name in PUBLIC)
    assert confirmations(_named("development"), CHAINS["development"]) == 0
    assert confirmations(_named("ethereum", "confirmations = 0"), CHAINS["ethereum"]) == 0
    assert confirmations(_named("custom", "confirmations = 7"), CHAINS["custom"]) == 7


@given(st.integers(0, 2**63))
def test_any_chain_id_is_a_chain_or_refused_with_a_next_step(chain_id: int) -> None:
    for name in CHAINS:
        try:
            assert chain_of(_named(name), chain_id).chain_id in (None, chain_id)
        except InvalidInput as refused:
            assert refused.hint
