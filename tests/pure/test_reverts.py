"""Reverts: every custom error of a shipped contract has a sentence and a next step, whatever its arguments."""

from string import Formatter

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from core.chain import reverts
from core.chain.reverts import ENUMS, SENTENCES, Declared, declared, explained
from core.errors import NotEnoughCoin, TransactionFailed

ERRORS = sorted(declared().items())
SAMPLES = {"string": "text", "bool": True, "address": "0x" + "ab" * 20, "bytes": b"\xab"}


def _sample(kind: str) -> object:
    if kind.startswith("bytes") and kind != "bytes":
        return b"\xcd" * int(kind.removeprefix("bytes"))
    return SAMPLES.get(kind, 1)


def _encoded(error: Declared) -> bytes:
    return encode(error.types, [_sample(kind) for kind in error.types])


@pytest.mark.parametrize(("selector", "error"), ERRORS, ids=[error.name for _, error in ERRORS])
def test_every_declared_error_is_a_sentence_with_a_next_step(selector: bytes, error: Declared) -> None:
    refusal = explained(selector + _encoded(error))

    assert refusal.title.endswith(".") and refusal.hint.endswith(".")
    assert "{" not in str(refusal)
    assert isinstance(refusal, NotEnoughCoin) or error.name in SENTENCES or error.name in refusal.title


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_a_sentence_names_only_arguments_that_its_error_has(name: str) -> None:
    [error] = {error.names: error for error in declared().values() if error.name == name}.values()

    used = {field for text in SENTENCES[name] for _, field, _, _ in Formatter().parse(text) if field}

    assert used <= set(error.names)


def test_an_error_without_a_sentence_is_shown_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Declared("Leases_TooLate", ("lease", "status", ""), ("bytes4", "uint8", "uint256"), ("", "Status", ""))
    monkeypatch.setattr(reverts, "declared", lambda: {b"\1\2\3\4": error})
    monkeypatch.setattr(reverts, "ENUMS", {"Status": ("never opened", "open")})

    refusal = explained(b"\1\2\3\4" + encode(error.types, [b"\xaa" * 4, 1, 7]))

    assert refusal.title == "The contract refused: Leases_TooLate (lease 0xaaaaaaaa, status open, argument 3 7)."


def test_every_enum_with_words_is_one_that_an_error_has() -> None:
    assert set(ENUMS) <= {enum for error in declared().values() for enum in error.enums}


@given(st.sampled_from([selector for selector, _ in ERRORS]) | st.binary(max_size=4), st.binary(max_size=99))
def test_whatever_a_node_sends_as_a_reason_is_a_refusal(selector: bytes, tail: bytes) -> None:
    assert isinstance(explained(selector + tail), (TransactionFailed, NotEnoughCoin))
