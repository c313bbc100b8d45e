"""The lease network's certificates, settings, packet filter and admission, without a node or an engine."""

import asyncio
import base64
import json
import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nacl.signing import SigningKey

from core.errors import InvalidInput
from core.model import Address, Agreement, Amount, Kind, LeaseId, Resources, Share, Terms
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images
from core.runtime.labels import Label, Role
from core.runtime.network import BridgeNetwork
from core.runtime.overlay import configuration, containers, firewall
from core.runtime.overlay.admission import admitted
from core.runtime.overlay.certificates import (
    Authority,
    Certificate,
    certify,
    fingerprint,
    found,
    inspect,
    make_key,
    public_key,
    verified,
)
from core.runtime.overlay.nodes import NodeKeys
from core.runtime.workers import DockerWorkers
from core.ticket import MASTER, Overlay, RelayPoint, Ticket

NOW = 1_800_000_000
DAY_S = 86_400
LEASE = LeaseId("0x" + "5a" * 32)
WORKER = "10.77.0.2"
RELAY = RelayPoint("10.77.3.1", "relay.example", 4242)

# What nebula-cert 1.12.0 wrote: `ca -version 1 -ips 10.77.0.0/22 -groups master,worker,relay`, and `sign -version 1`.
NEBULAS_AUTHORITY = """\
-----BEGIN NEBULA CERTIFICATE-----
ClgKBHJlYWwSCYCAtFKA+P//DyIGbWFzdGVyIgZ3b3JrZXIiBXJlbGF5KN2TktgG
MN36lucGOiAbbj/pm3c/mwuJxla/GTliLNypTJVRtbgEVw/fTgzmVUABEkC8qes4
2BHW6DLpoMTTkS/h6DPTpd11H09jh4C8P+drfsB11A10P1aT6uRM+zl81vmIT0fA
boXdRTXsBRu5RqsO
-----END NEBULA CERTIFICATE-----
"""
NEBULAS_MASTER = """\
-----BEGIN NEBULA CERTIFICATE-----
CmYKAW0SCYGAtFKA+P//DyIGbWFzdGVyKN2TktgGMNz6lucGOiABOVZUKmw/7v+c
4/r4Mn7Z9CrJ7IwcIqdK9kOfqBApQUogRdzsV7BCg9Cqv6f/S9eDjSCHsOb7e6x8
eERqg/6VHsASQAkqSN96slHrz8rl0wvKQjlQDNHUXwtDOvkN8U2+r1TWB+2ceRlb
KmknNXUFwDpqucGuoFoRmfBo1bWonmiexAc=
-----END NEBULA CERTIFICATE-----
"""
NEBULAS_FINGERPRINT = "7f114a9ea129d2709029a1f3a16c7fcbc39572908a504a26678a4e09ab59cd58"

AUTHORITY = found("test", NOW, NOW + 30 * DAY_S)
_, NODE_KEY = make_key()


def signed(authority: Authority = AUTHORITY, address: str = WORKER, group: str = "worker", key: str = NODE_KEY) -> str:
    return certify(authority, name="n", address=address, groups=(group,), node_key=key, now=NOW, until=NOW + DAY_S)


def forged(**changes: object) -> str:
    """A certificate that AUTHORITY did sign, and should not have."""
    made = replace(inspect(signed()), **changes)  # type: ignore[arg-type]
    return made.signed(SigningKey(AUTHORITY.seed)).pem()


def ticket(certificate: str, address: str = WORKER, relay: RelayPoint = RELAY) -> Ticket:
    return Ticket(LEASE, "node", Overlay(address, AUTHORITY.certificate, certificate, (relay,), NOW + DAY_S))


def test_nebulas_own_certificates_are_read_and_written_alike() -> None:
    read = verified(NEBULAS_MASTER, NEBULAS_AUTHORITY)

    assert (read.name, read.groups, read.networks) == ("m", ("master",), (IPv4Interface("10.77.0.1/22"),))
    assert read.pem() == NEBULAS_MASTER
    assert fingerprint(NEBULAS_MASTER) == NEBULAS_FINGERPRINT


def test_a_certificate_says_what_it_was_asked_to_and_no_more_than_its_authority_lasts() -> None:
    read = verified(signed(), AUTHORITY.certificate)
    brief = certify(
        found("x", NOW, NOW + 60),
        name="n",
        address=WORKER,
        groups=("worker",),
        node_key=NODE_KEY,
        now=NOW,
        until=NOW * 2,
    )

    assert (str(read.networks[0]), read.groups, read.key.hex()) == ("10.77.0.2/22", ("worker",), NODE_KEY)
    assert read.since < NOW < read.until == NOW + DAY_S
    assert inspect(brief).until == NOW + 60


def test_an_authority_survives_the_journal_and_never_shows_its_key() -> None:
    again = Authority.decode(AUTHORITY.encode())

    assert again == AUTHORITY
    assert AUTHORITY.seed.hex() not in repr(AUTHORITY)
    assert repr(AUTHORITY.seed) not in repr(AUTHORITY)
    for damaged in (b"", AUTHORITY.encode()[:-10], bytes(32) + AUTHORITY.encode()[32:]):
        with pytest.raises(InvalidInput):
            Authority.decode(damaged)


@given(some.binary(max_size=400))
def test_any_bytes_are_either_a_certificate_that_reads_back_or_refused(raw: bytes) -> None:
    pem = f"-----BEGIN NEBULA CERTIFICATE-----\n{base64.b64encode(raw).decode()}\n-----END NEBULA CERTIFICATE-----\n"

    try:
        read = inspect(pem)
    except InvalidInput:
        return

    assert read.encode() == raw


@given(some.integers(0, 10**6), some.integers(1, 255))
def test_a_certificate_with_one_byte_changed_is_refused(place: int, difference: int) -> None:
    raw = bytearray(inspect(signed()).encode())
    raw[place % len(raw)] ^= difference
    body = base64.b64encode(raw).decode()

    with pytest.raises(InvalidInput):
        verified(
            f"-----BEGIN NEBULA CERTIFICATE-----\n{body}\n-----END NEBULA CERTIFICATE-----\n", AUTHORITY.certificate
        )


@pytest.mark.parametrize(
    "pem",
    [
        signed(found("another", NOW, NOW + DAY_S)),
        forged(networks=(IPv4Interface("10.78.0.2/22"),)),
        forged(networks=(IPv4Interface("10.77.0.2/8"),)),
        forged(networks=()),
        forged(groups=("worker", "owner")),
        forged(is_authority=True),
        forged(issuer=b""),
        "",
        "-----BEGIN NEBULA CERTIFICATE-----\n-----END NEBULA CERTIFICATE-----\n",
    ],
    ids=["stranger", "elsewhere", "too wide", "nowhere", "group", "authority", "issuer", "nothing", "empty"],
)
def test_a_certificate_beyond_its_authority_is_refused(pem: str) -> None:
    with pytest.raises(InvalidInput):
        verified(pem, AUTHORITY.certificate)


@pytest.mark.parametrize(
    ("networks", "groups"),
    [((IPv4Interface("0.0.0.0/0"),), ("worker",)), ((), ("worker",)), ((IPv4Interface("10.77.0.0/22"),), ())],
)
def test_an_authority_that_is_not_confined_is_refused(
    networks: tuple[IPv4Interface, ...], groups: tuple[str, ...]
) -> None:
    key = SigningKey.generate()
    wide = Certificate("wide", networks, groups, NOW, NOW + DAY_S, bytes(key.verify_key), is_authority=True)
    authority = Authority(wide.signed(key).pem(), bytes(key))

    with pytest.raises(InvalidInput, match="confined"):
        verified(signed(authority), authority.certificate)


def test_a_seat_for_this_node_is_taken() -> None:
    assert admitted(ticket(signed()), group="worker", node_key=NODE_KEY, relays={RELAY.host}).address == WORKER


@pytest.mark.parametrize(
    ("offered", "sentence"),
    [
        (Ticket(LEASE, "node"), "no place"),
        (ticket(signed(), relay=RelayPoint("10.77.3.1", "victim.example", 53)), "victim.example"),
        (ticket(signed(key="ab" * 32)), "another node"),
        (ticket(signed(group="master")), "does not say"),
        (ticket(signed(address="10.77.0.9")), "does not say"),
        (ticket(signed(address=MASTER), address=MASTER), "not one for a worker"),
    ],
)
def test_a_seat_that_is_not_for_this_node_is_refused(offered: Ticket, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        admitted(offered, group="worker", node_key=NODE_KEY, relays={RELAY.host})


def test_a_worker_of_an_overlay_joins_no_master_outside_it(tmp_path: Path) -> None:
    engine = ContainerEngine()
    donor = DockerWorkers(engine, BridgeNetwork(engine), Images(engine, tmp_path), "donor")
    word, nobody = "0x" + "00" * 32, Address("0x" + "00" * 20)
    share = Share(0, nobody, Resources(1000, 2048), Amount(1), Amount(100))
    terms = Terms(nobody, nobody, word, Amount(10_000), 2**35, 600, word)
    agreed = Agreement(LEASE, terms, (share,), 10, Kind.SPARK, word)

    with pytest.raises(InvalidInput, match=MASTER):
        asyncio.run(donor.start_worker(agreed, share, "spark://192.168.1.1:7077", "s" * 32, ticket(signed())))


def test_a_members_settings_lead_to_relays_and_public_addresses_alone() -> None:
    overlay = ticket(signed()).overlay
    assert overlay is not None

    text = configuration.member(
        replace(overlay, revoked=("ab" * 32,)),
        group="worker",
        port=20_001,
        key_file="/lease/node.key",
        reached={RELAY.address: (IPv4Address("172.20.0.1"), 4242)},
    )
    settings = json.loads(text)

    assert settings["static_host_map"] == {"10.77.3.1": ["172.20.0.1:4242"]}
    assert settings["pki"]["blocklist"] == ["ab" * 32]
    assert not any(settings["lighthouse"]["local_allow_list"].values())
    allowed = {IPv4Network(key) for key, yes in settings["lighthouse"]["remote_allow_list"].items() if yes}
    assert allowed == {IPv4Network("0.0.0.0/0"), IPv4Network("172.20.0.1/32")}
    assert settings["lighthouse"]["remote_allow_list"]["::/0"] is False
    assert settings["listen"]["send_recv_error"] == "never"


@pytest.mark.parametrize(
    ("group", "opened"),
    [
        ("master", {("7077", "worker"), ("7100-7132", "worker"), ("7200-7232", "worker")}),
        (
            "worker",
            {
                ("7078", "master"),
                ("7079", "master"),
                ("7079", "worker"),
                ("7300-7332", "master"),
                ("7300-7332", "worker"),
            },
        ),
    ],
)
def test_each_group_opens_its_own_ports_and_nothing_else(group: str, opened: set[tuple[str, str]]) -> None:
    overlay = ticket(signed()).overlay
    assert overlay is not None

    settings = json.loads(configuration.member(overlay, group=group, port=20_001, key_file="k", reached={}))

    rules = settings["firewall"]["inbound"]
    assert {(rule["port"], rule["group"]) for rule in rules} == opened
    assert all(rule.keys() == {"port", "group", "proto"} and rule["proto"] == "tcp" for rule in rules)


@given(some.integers(0, 2**256 - 1), some.integers(0, 255))
def test_the_port_is_a_members_own_and_out_of_the_way(lease: int, index: int) -> None:
    network = LeaseId(f"0x{lease:064x}")

    port = configuration.udp_port(network, f"worker-{index}")

    assert 20_000 <= port < 60_000
    assert port == configuration.udp_port(network, f"worker-{index}")


def test_the_filter_lets_nebula_to_its_relay_and_nobody_else_anywhere() -> None:
    relays = [(IPv4Address("172.20.0.1"), 4242)]

    rules = firewall.rules(port=20_001, relays=relays, screen_for=None)

    chains = re.findall(r"type filter hook (\w+) priority filter; policy drop;", rules)
    assert chains == ["input", "output", "forward"]
    ways_out = re.findall(r'^ *oifname "eth0" (.*)$', rules, re.MULTILINE)
    assert ways_out[0] == "meta skuid 0 ip daddr 172.20.0.1 udp sport 20001 udp dport 4242 accept"
    assert len(ways_out) == 3
    for way in ways_out[1:]:
        assert way.startswith("meta skuid 0 ip daddr != @closed udp sport 20001 ")
    assert "tcp" not in rules


def test_only_the_bridges_gateway_opens_a_masters_doors() -> None:
    rules = firewall.rules(port=20_001, relays=[], screen_for=IPv4Address("172.20.0.1"))

    assert [line.strip() for line in rules.splitlines() if "tcp" in line] == [
        'iifname "eth0" ip saddr 172.20.0.1 tcp dport 8080 accept',
        'iifname "eth0" ip saddr 172.20.0.1 tcp dport 15002 accept',
        'oifname "eth0" ip daddr 172.20.0.1 tcp sport 8080 ct state established accept',
        'oifname "eth0" ip daddr 172.20.0.1 tcp sport 15002 ct state established accept',
    ]


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.17.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_no_peer_is_at_home_at_the_metadata_service_or_everywhere(address: str) -> None:
    assert any(IPv4Address(address) in IPv4Network(closed) for closed in firewall.CLOSED)


def test_only_the_short_filter_and_the_tunnel_may_touch_the_network() -> None:
    label = Label(LEASE, Role.WORKER, "donor", share=0)

    pause = containers.pause(label, "bridge")
    rest = [
        containers.firewall(label, "pause"),
        containers.tunnel(label, "pause"),
        containers.bounds(label, "pause", []),
    ]

    assert "cap_add" not in pause
    assert pause["user"] == "10001:10001"
    assert "ports" not in pause
    for made in rest:
        assert made["cap_add"] == ["NET_ADMIN"]
        assert made["network_mode"] == "container:pause"
    for made in (pause, *rest):
        assert made["cap_drop"] == ["ALL"]
        assert made["read_only"] is True
        assert made["labels"]["sparecloud.share"] == "0"


def test_a_masters_doors_are_published_on_loopback_alone() -> None:
    ports = containers.pause(Label(LEASE, Role.MASTER, "renter"), "bridge")["ports"]

    assert ports == {
        "8080/tcp": ("127.0.0.1", None),
        "15002/tcp": ("127.0.0.1", None),
    }


def test_a_nodes_key_is_made_once_is_its_owners_and_goes(tmp_path: Path) -> None:
    keys = NodeKeys(tmp_path / "nodes")
    worker, master = Label(LEASE, Role.WORKER, "me", share=3), Label(LEASE, Role.MASTER, "me")

    first = keys.enroll(worker)
    (kept,) = (tmp_path / "nodes").iterdir()

    assert NodeKeys(tmp_path / "nodes").enroll(worker) == first == public_key(kept.read_text())
    assert keys.enroll(master) != first
    assert kept.stat().st_mode & 0o777 == 0o600
    assert keys.held() == {(LEASE, 3), (LEASE, None)}
    keys.drop(worker)
    keys.drop(worker)
    assert keys.held() == {(LEASE, None)}
