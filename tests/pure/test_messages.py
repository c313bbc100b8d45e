"""Messages: what is sent is read back the same; whatever else arrives is refused with a sentence."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.messages import (
    MAX_HAND_OVER_S,
    MAX_MESSAGE_BYTES,
    Accepted,
    Beat,
    Ending,
    Message,
    Proposal,
    Refused,
    StartOrder,
    TicketNote,
    VoucherNote,
    decode,
    encode,
)
from core.model import (
    MAX_AMOUNT,
    MAX_DEPOSIT,
    MAX_RESOURCE,
    MAX_SHARES,
    Acceptance,
    Address,
    Agreement,
    Amount,
    Heartbeat,
    Kind,
    LeaseId,
    Resources,
    Share,
    Terms,
    Voucher,
)
from core.ticket import MOST_RELAYS, NETWORK, Overlay, RelayPoint, Ticket
from tests.pure.leases import agreement

LEASE = LeaseId("0x" + "ab" * 32)
SEAT = Ticket(LEASE, "worker-0")
DONOR = Address("0x" + "cd" * 20)
SIGNATURE = "0x" + "ef" * 65
SECRET = "s" * 32

_leases = st.integers(0, 2**256 - 1).map(lambda number: LeaseId(f"0x{number:064x}"))
_words = st.integers(0, 2**256 - 1).map(lambda number: f"0x{number:064x}")
_indices = st.integers(0, MAX_SHARES - 1)
_amounts = st.integers(0, MAX_AMOUNT).map(Amount)
_signatures = st.integers(0, 2**520 - 1).map(lambda number: f"0x{number:0130x}")
_pems = st.binary(min_size=1, max_size=40).map(
    lambda raw: (
        f"-----BEGIN NEBULA CERTIFICATE-----\n{base64.b64encode(raw).decode()}\n-----END NEBULA CERTIFICATE-----\n"
    )
)
_addresses = st.integers(1, 1022).map(lambda number: str(NETWORK.network_address + number))
_hosts = st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20})?", fullmatch=True)
_relays = st.lists(
    st.builds(
        RelayPoint, _addresses, st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20})?", fullmatch=True), st.just(24000)
    ),
    min_size=1,
    max_size=MOST_RELAYS,
).map(tuple)
_overlays = st.builds(
    Overlay,
    _addresses,
    _pems,
    _pems,
    _relays,
    st.integers(1, 2**39),
    st.lists(st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"), max_size=3).map(tuple),
)
_tickets = st.builds(Ticket, _leases, st.just("worker-ab-0"), st.none() | _overlays)
_messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Proposal, st.integers(1, 5).map(agreement), st.just(0)),
    st.builds(
        StartOrder,
        _leases,
        _indices,
        st.from_regex(r"(spark://)?[a-z0-9]{1,20}(\.[a-z0-9-]{1,20}[a-z0-9])?:[1-9][0-9]{0,3}", fullmatch=True),
        st.from_regex(r"[A-Za-z0-9_-]{32,128}", fullmatch=True),
        _tickets,
    ),
    st.builds(TicketNote, _leases, _indices, _tickets),
    st.builds(VoucherNote, st.builds(Voucher, _leases, _indices, _amounts), _signatures),
    st.builds(Ending, _leases, _indices, st.integers(0, MAX_HAND_OVER_S)),
    st.builds(
        Accepted,
        st.builds(Acceptance, _leases, _indices, st.just(DONOR), st.integers(0, 2**40), _words),
        _signatures,
    ),
    st.builds(Refused, _leases, _indices, st.text(max_size=200).filter(str.isprintable)),
    st.builds(
        Beat,
        st.builds(Heartbeat, _leases, _indices, st.integers(0, MAX_RESOURCE), st.booleans()),
        _signatures,
        leaves_at=st.integers(0, 2**40),
        granted_permille=st.integers(0, 1000),
    ),
)


@given(_messages)
def test_a_message_is_read_back_as_it_was_sent(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=300))
def test_random_bytes_are_a_message_or_refused(body: bytes) -> None:
    try:
        decode(body)
    except InvalidInput as refused:
        assert refused.title.isprintable()


@given(_messages, st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_a_damaged_message_is_a_message_or_refused(message: Message, where: int, junk: bytes) -> None:
    body = encode(message)
    where %= len(body)

    try:
        decode(body[:where] + junk + body[where + 1 :])
    except InvalidInput as refused:
        assert refused.title.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"message":"pay"}',
        b'{"message":"ending"}',
        b'{"message":"ending","lease":"0x%s","index":0,"more":1}' % (b"ab" * 32),
        b'{"message":"ending","lease":"0x%s","index":%s}' % (b"ab" * 32, b"9" * 5000),
        b'{"message":"ending","lease":"0x%s\\n","index":0}' % (b"ab" * 32),
        b'{"zz":' + b"[" * 20_000,
        b'{"message":"ending\x1b[31m"}',
        b"[" * (MAX_MESSAGE_BYTES + 1),
    ],
)
def test_a_malformed_message_is_refused_with_a_printable_sentence(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(body)

    assert refused.value.title.startswith("A message was refused")
    assert refused.value.title.isprintable()
    assert len(refused.value.title) < 300


@pytest.mark.parametrize(
    "master",
    [
        "",
        "host",
        "host:",
        ":7077",
        "host:0",
        "host:65536",
        "host:7077\n",
        "host:7077 --conf x=y",
        "-Dx:7077",
        "a b:7077",
        "a..b:7077",
        "http://host:7077",
        "spark://spark://host:7077",
        "host,other:7077",
        "$(id):7077",
        "h" * 200 + ":1",
    ],
)
def test_a_master_that_is_no_host_and_port_is_refused(master: str) -> None:
    body = msgspec.json.encode(
        {"message": "startorder", "lease": LEASE, "index": 0, "master": master, "secret": SECRET, "ticket": SEAT}
    )

    with pytest.raises(InvalidInput):
        decode(body)
    with pytest.raises(ValueError, match="master"):
        StartOrder(LEASE, 0, master, SECRET, SEAT)


@pytest.mark.parametrize("secret", ["", "s" * 31, "s" * 129, "s" * 31 + " ", "s" * 31 + "\n", "é" * 32])
def test_a_secret_of_the_wrong_form_is_refused_without_showing_it(secret: str) -> None:
    body = msgspec.json.encode(
        {"message": "startorder", "lease": LEASE, "index": 0, "master": "host:7077", "secret": secret, "ticket": SEAT}
    )

    with pytest.raises(InvalidInput) as refused:
        decode(body)

    assert not secret or secret not in str(refused.value)


def test_the_secret_is_in_no_representation_of_an_order() -> None:
    order = StartOrder(LEASE, 0, "host:7077", "q" * 40, SEAT)

    assert "qqq" not in repr(order) + str(order) + f"{order}" + repr(list(order.__rich_repr__()))


def test_the_index_of_a_proposal_is_one_of_the_agreement() -> None:
    body = encode(Proposal(agreement(2), 1)).replace(b'"index":1}', b'"index":2}')

    with pytest.raises(InvalidInput, match="index"):
        decode(body)


def test_the_largest_agreement_fits_a_message() -> None:
    resources = Resources(*[MAX_RESOURCE] * 5)
    rate = Amount(MAX_AMOUNT)
    each = Amount(MAX_DEPOSIT // MAX_SHARES)
    shares = tuple(Share(index, DONOR, resources, rate, each, Amount(MAX_AMOUNT)) for index in range(MAX_SHARES))
    terms = Terms(DONOR, DONOR, "0x" + "11" * 32, Amount(MAX_DEPOSIT), 2**40, 2**31 - 1, "0x" + "22" * 32)
    proposal = Proposal(Agreement(LEASE, terms, shares, 3600, Kind.SPARK, "0x" + "44" * 32), 0)

    assert decode(encode(proposal)) == proposal


@pytest.mark.parametrize(("field", "value"), [("leaves_at", -1), ("leaves_at", 2**41), ("granted_permille", 1001)])
def test_a_heartbeat_that_announces_nonsense_is_refused_with_the_fields_name(field: str, value: int) -> None:
    beat = msgspec.json.decode(encode(Beat(Heartbeat(LEASE, 0, 5, True), SIGNATURE)))

    with pytest.raises(InvalidInput, match=field):
        decode(msgspec.json.encode(beat | {field: value}))
