"""What the log shows and what it hides, and how times are typed."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allowance import NEVER
from core.errors import InvalidInput
from core.zone import OwnersZone
from donor_app.instants import LONGEST_S, length_s, until
from donor_app.logs import HIDDEN, redacted

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
LEASE = "0x" + "ab12" * 16
NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=OwnersZone())

SECRETS = [
    ("the passphrase: correct horse battery staple", "horse"),
    ("seed phrase: legal winner thank year wave", "winner"),
    ("mnemonic = legal winner thank", "winner"),
    ("{'passphrase': 'hunter2 it is', 'name': 'laptop'}", "hunter2"),
    ('{"password":"hunter2","n":1}', "hunter2"),
    ("password=hunter2 for the node", "hunter2"),
    ("cluster secret = s3cr3tvalue.", "s3cr3tvalue"),
    ("access_token=abcd1234, next", "abcd1234"),
    ("api-key: abcd1234", "abcd1234"),
    ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
    ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
    ("sent Bearer abcdefgh12345678 to it", "abcdefgh12345678"),
    (f"private key 0x{KEY}", KEY),
    (f"private_key={KEY}", KEY),
    (f"session key: {KEY}", KEY),
    (f"imported {KEY} today", KEY),
    (f"'{KEY}'", KEY),
    ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBADAN\n-----END PRIVATE KEY-----", "IBADAN"),
    ("-----BEGIN EC PRIVATE KEY-----\nMIIEvQ cut off", "MIIEvQ"),
    ("https://mainnet.example/v3/9aa3d95b3bc440fa88ea12eaa4456161 refused", "9aa3d95b3bc440fa88ea12eaa4456161"),
    ("wss://node.example/ws/Ab3dEf6hIj9kLmN0/more", "Ab3dEf6hIj9kLmN0"),
    ("https://node.example/rpc?apikey=short&chain=1", "short"),
    ("nats://donor:letmein@relay.example:4222", "letmein"),
    ("https://user@node.example/", "user@"),
]

PUBLIC = [
    f"removing what is left of share 0 of lease {LEASE}",
    f"lease={LEASE} opened",
    f"seal key 0x{KEY} published",
    f"container sparecloud-{KEY}-worker-0 started",
    f"image sha256:{KEY}",
    f"transaction 0x{KEY} confirmed",
    "account 0x71c7656ec7ab88b098defb751b7401b5f6d8976f was paid 3.2 SPARE",
    "Reading https://node.example/v1/blocks/latest and nats://relay.example:4222",
    "The wallet is locked: its passphrase is not known.",
    "The agent refused the token.",
    "2026-11-23 12:00:30,123 WARNING core.donor: balances not read: No chain node answers.",
]


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_a_secret_is_hidden(line: str, secret: str) -> None:
    shown = redacted(line)

    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize("line", PUBLIC)
def test_what_is_public_stays_readable(line: str) -> None:
    assert redacted(line) == line


@pytest.mark.parametrize("line", [line for line, _ in SECRETS] + PUBLIC)
def test_redacting_twice_changes_nothing_more(line: str) -> None:
    assert redacted(redacted(line)) == redacted(line)


@given(st.text(alphabet=st.characters(categories=("L", "N")), min_size=8, max_size=40))
def test_no_named_secret_of_any_letters_gets_through(secret: str) -> None:
    for line in (f"passphrase={secret}", f'"secret": "{secret}"', f"api_key: {secret}"):
        value = redacted(line).partition("=" if "=" in line else ":")[2]

        assert secret not in value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45m", 2700), ("1h", 3600), ("1h30m", 5400), ("2d", 172_800), ("90s", 90), ("30d", LONGEST_S)],
)
def test_a_length_is_read_exactly(text: str, seconds: int) -> None:
    assert length_s(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1.5h", "m1", "1h1h", "0m", "31d", "1h30", "٣h"])
def test_a_length_that_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        length_s(text)

    assert refused.value.title.endswith(".")
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("12:01", NOON.replace(minute=1, second=0)),
        ("23:59", NOON.replace(hour=23, minute=59, second=0)),
        ("12:00", (NOON + timedelta(days=1)).replace(second=0)),
        ("7:00", (NOON + timedelta(days=1)).replace(hour=7, second=0)),
    ],
)
def test_a_time_of_day_is_its_next_one(text: str, wanted: datetime) -> None:
    assert until(text, NOON) == int(wanted.timestamp())


def test_resumed_is_never() -> None:
    assert until("resumed", NOON) == NEVER


@pytest.mark.parametrize("text", ["", "24:00", "7", "7:0", "07:60", "noon", "07:00:00", " 07:00"])
def test_a_time_that_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time of day"):
        until(text, NOON)
