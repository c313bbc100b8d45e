"""What a relay takes on and for whom, whom it lets in, what it counts, and what it tells Nebula."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chain.typed_data import Domain, DomainNotary, lease_id
from core.chain.wallet import Key
from core.errors import InvalidInput, SandboxFailed
from core.model import Address, Amount, LeaseId, Letterhead, Terms
from core.relay.doorman import Doorman, Pace
from core.relay.figures import Figures
from core.relay.lighthouse import configuration
from core.relay.program import amend
from core.relay.refusals import Refusal, Refused
from core.relay.register import LINGER_S, Carried, Limits, Register
from core.wire.freshness import LIFE_S, NANOSECONDS
from core.wire.relay_letters import (
    MAX_ASK_BYTES,
    VERSION,
    Ask,
    Back,
    Card,
    Close,
    Open,
    body_hash,
    mailbox,
    read_answer,
    read_ask,
    subject,
)

NOW = 1_790_000_000
NODE_KEY = "ab" * 32
DOMAIN = Domain(61, Address("0x" + "11" * 20))
BACK = Back("cd" * 16, 7, "0x" + "22" * 32)
PEM = "-----BEGIN NEBULA CERTIFICATE-----\nAAAA\n-----END NEBULA CERTIFICATE-----\n"


def renter(number: int) -> Address:
    return Address(f"0x{number:040x}")


def lease(number: int) -> LeaseId:
    return LeaseId(f"0x{number:064x}")


ADA, SESSION, FIRST = renter(1), renter(9), lease(1)


def terms(*, of: Address = ADA, session: Address = SESSION, ends_at: int = NOW + 600) -> Terms:
    return Terms(of, session, "0x" + "33" * 32, Amount(1), ends_at, 60, "0x" + "44" * 32)


def to_open(on: Terms | None = None, *, network: LeaseId = FIRST) -> Open:
    return Open(BACK, network, on or terms(), "10.77.3.1", PEM, PEM)


def register(*, leases: int = 10, a_renter: int = 10) -> Register:
    return Register(Limits(leases, a_renter, 24_000))


class TestRegister:
    def test_a_network_keeps_its_port_until_its_last_lease_is_gone(self) -> None:
        carries = register()
        first = carries.admit(lease(1), to_open())
        other = carries.admit(lease(5), to_open(network=lease(5)))

        second = carries.admit(lease(2), to_open())
        left = carries.release(first.key, lease(1))

        assert first.port == second.port != other.port
        assert left is not None and list(left.leases) == [lease(2)]
        assert carries.release(first.key, lease(2)) is None
        assert carries.find(first.key) is None
        assert carries.admit(lease(6), to_open(network=lease(6))).port == first.port

    def test_beyond_the_room_there_is_in_all_or_for_one_renter_nothing_is_admitted(self) -> None:
        carries = register(leases=3, a_renter=2)
        carries.admit(lease(1), to_open())
        carries.admit(lease(2), to_open())

        with pytest.raises(Refused) as one_renter:
            carries.admit(lease(3), to_open(network=lease(3)))
        carries.admit(lease(4), to_open(terms(of=renter(2)), network=lease(4)))
        with pytest.raises(Refused) as in_all:
            carries.admit(lease(5), to_open(terms(of=renter(3)), network=lease(5)))

        assert (one_renter.value.why, in_all.value.why) == (Refusal.TOO_MANY_OF_RENTER, Refusal.TOO_MANY_LEASES)
        assert carries.admit(lease(1), to_open()).leases.keys() == {lease(1), lease(2)}

    def test_a_lease_is_over_a_while_after_its_end_whatever_the_chain_says(self) -> None:
        carries = register()
        carried = carries.admit(lease(1), to_open())

        assert carries.over(NOW + 600 + LINGER_S - 1) == []
        assert carries.over(NOW + 600 + LINGER_S) == [(carried.key, lease(1))]

    @given(
        st.lists(
            st.tuples(st.booleans(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 6)), min_size=1, max_size=40
        )
    )
    def test_whatever_is_asked_for_ports_are_unique_and_the_limits_hold(
        self, asked: list[tuple[bool, int, int, int]]
    ) -> None:
        carries = register(leases=5, a_renter=3)

        for opening, who, network, one in asked:
            ask = to_open(terms(of=renter(who)), network=lease(network))
            if opening:
                try:
                    carries.admit(lease(one), ask)
                except Refused as refused:
                    assert refused.why in (Refusal.TOO_MANY_LEASES, Refusal.TOO_MANY_OF_RENTER)
            else:
                carries.release((renter(who), lease(network)), lease(one))

            networks = list(carries)
            assert len({each.port for each in networks}) == len(networks)
            assert all(24_000 <= each.port < 24_005 and each.leases for each in networks)
            assert carries.leases <= 5

    def test_what_is_kept_reads_back_the_same(self) -> None:
        carried = register().admit(lease(1), to_open())

        assert msgspec.json.decode(msgspec.json.encode(carried), type=Carried) == carried


def letter(key: Key, *, body: Open | None = None, sent_at: int = NOW, to: str = NODE_KEY) -> tuple[Ask, Open]:
    body = body or to_open(terms(session=key.address))
    said = msgspec.json.encode(body)
    head = Letterhead(key.address, mailbox(to), sent_at * NANOSECONDS, sent_at + LIFE_S, body_hash(said))
    return Ask(VERSION, said, head, DomainNotary(DOMAIN, key).sign(head)), body


def doorman(*, in_all: int = 100, a_signer: int = 100) -> Doorman:
    return Doorman(DOMAIN, NODE_KEY, Pace(in_all, a_signer), NOW)


class TestDoorman:
    def test_a_good_letter_names_its_lease_and_counts_once(self) -> None:
        door, (ask, body) = doorman(), letter(Key.random())

        assert door.check(ask, body, NOW) == lease_id(DOMAIN, body.terms)
        with pytest.raises(Refused) as again:
            door.check(ask, body, NOW)

        assert again.value.why == Refusal.STALE

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"sent_at": NOW - 3600}, Refusal.STALE),
            ({"sent_at": NOW + 3600}, Refusal.STALE),
            ({"to": "ef" * 32}, Refusal.STALE),
            ({"body": to_open(terms(session=renter(8)))}, Refusal.FORGED),
        ],
    )
    def test_a_letter_of_another_time_for_another_relay_or_by_another_session_is_refused(
        self, changes: dict[str, object], why: Refusal
    ) -> None:
        ask, body = letter(Key.random(), **changes)  # type: ignore[arg-type]  # the cases name real arguments

        with pytest.raises(Refused) as refused:
            doorman().check(ask, body, NOW)

        assert refused.value.why == why

    def test_an_altered_body_or_signature_is_refused(self) -> None:
        ask, body = letter(Key.random())
        altered = [
            msgspec.structs.replace(ask, body=ask.body + b" "),
            msgspec.structs.replace(ask, signature="0x" + "00" * 65),
            msgspec.structs.replace(ask, signature=""),
            msgspec.structs.replace(ask, letterhead=None),
        ]

        for one in altered:
            with pytest.raises(Refused) as refused:
                doorman().check(one, body, NOW)
            assert refused.value.why == Refusal.FORGED

    def test_so_many_a_minute_and_then_the_next_minute(self) -> None:
        door, key = doorman(in_all=3, a_signer=1), Key.random()
        door.check(*letter(key), NOW)

        with pytest.raises(Refused) as signer:
            door.check(*letter(key, sent_at=NOW + 1), NOW + 1)
        door.count(NOW)
        door.count(NOW)
        door.count(NOW)
        with pytest.raises(Refused) as anybody:
            door.count(NOW)
        door.count(NOW + 60)
        door.check(*letter(key, sent_at=NOW + 60), NOW + 60)

        assert (signer.value.why, anybody.value.why) == (Refusal.SIGNER_BUSY, Refusal.BUSY)


class TestLetters:
    def test_what_was_asked_reads_back_the_same(self) -> None:
        for body in (Card(BACK), to_open(), Close(BACK, lease(1), terms())):
            ask = Ask(VERSION, msgspec.json.encode(body))

            assert read_ask(msgspec.json.encode(ask)) == (ask, body)

    @given(st.binary(max_size=300))
    def test_whatever_a_stranger_sends_is_refused_and_nothing_worse(self, payload: bytes) -> None:
        wrapped = msgspec.json.encode(Ask(VERSION, payload))

        for one in (payload, wrapped, b" " * (MAX_ASK_BYTES + 1)):
            with pytest.raises(InvalidInput):
                read_ask(one)
        with pytest.raises(InvalidInput):
            read_answer(payload)

    @pytest.mark.parametrize(
        "changes",
        [
            {"address": "10.78.0.1"},
            {"authority": "-----BEGIN PRIVATE KEY-----"},
            {"certificate": PEM + PEM},
            {"revoked": ["xy"]},
            {"revoked": ["ab" * 32] * 257},
            {"network": "0x12"},
            {"more": 1},
        ],
    )
    def test_a_malformed_part_is_refused(self, changes: dict[str, object]) -> None:
        said = json.loads(msgspec.json.encode(to_open())) | changes

        with pytest.raises(InvalidInput):
            read_ask(msgspec.json.encode(Ask(VERSION, json.dumps(said).encode())))

    @pytest.mark.parametrize("token", ["*", ">", "ab" * 15 + "*.", "AB" * 16, ""])
    def test_an_answer_goes_to_one_subject_and_no_pattern(self, token: str) -> None:
        with pytest.raises(ValueError, match="answer_to"):
            Back(token, 0, BACK.seal_key)

        assert subject(BACK.answer_to).endswith(BACK.answer_to)


class TestFigures:
    def test_what_nodes_report_adds_up_also_over_a_restart_and_after_their_end(self) -> None:
        figures = Figures()
        one, two = figures.expect(), figures.expect()

        for name, count in ((one, 100), (one, 150), (two, 7), (one, 30)):
            figures.report(f"{name}.relay.forwarded.bytes.count {count} 0")
        figures.forget(one)
        figures.report(f"{one}.relay.forwarded.bytes.count 1000 0")

        assert "sparecloud_relay_forwarded_bytes_total 187\n" in figures.text({})

    @given(st.text(max_size=80))
    def test_a_line_that_is_none_of_theirs_changes_nothing(self, line: str) -> None:
        figures = Figures()
        name = figures.expect()

        for one in (line, f"{name}{line}", f"{name}.relay.forwarded.bytes.count -{line}"):
            figures.report(one)

        assert not figures.totals

    def test_every_reason_to_refuse_is_a_sentence_and_a_figure(self) -> None:
        text = Figures().text({"leases": 2})

        assert "sparecloud_relay_leases 2\n" in text
        for why in Refusal:
            assert why.sentence.endswith(".") and f'{{reason="{why.value}"}} 0' in text


class TestLighthouse:
    def told(self, public_host: str) -> dict[str, dict[str, object]]:
        carried = register().admit(lease(1), to_open())
        text = configuration(
            carried, "key", listen="0.0.0.0", public_host=public_host, reports_to="127.0.0.1:1", report_name="x"
        )
        read: dict[str, dict[str, object]] = json.loads(text)
        return read

    def test_nebula_needs_no_privilege_and_answers_nobody_unknown(self) -> None:
        told = self.told("relay.example.org")

        assert told["tun"] == {"disabled": True}
        assert told["listen"]["send_recv_error"] == "never"
        assert told["local_api"] == {"control": {"enabled": False}}
        assert told["firewall"] == {"inbound": [], "outbound": []}

    def test_a_public_relay_sends_nothing_to_private_addresses_and_one_in_a_laboratory_may(self) -> None:
        public, private = (
            self.told(host)["lighthouse"]["remote_allow_list"] for host in ("relay.example.org", "172.17.0.1")
        )

        assert isinstance(public, dict) and isinstance(private, dict)
        assert public["192.168.0.0/16"] is False and public["0.0.0.0/0"] is True
        assert "172.16.0.0/12" not in private


def test_a_source_that_is_not_as_expected_is_not_built_from(tmp_path: Path) -> None:
    source = tmp_path / "github.com/slackhq/nebula@v9.9.9"
    source.mkdir(parents=True)
    (source / "outside.go").write_text("package nebula\n")

    with pytest.raises(SandboxFailed):
        amend(tmp_path)

    assert (source / "outside.go").read_text() == "package nebula\n"
