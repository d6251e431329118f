from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_service.addresses import UNKNOWN, Addresses

HEADER = "CloudFront-Viewer-Address"
FRONT = "10.0.3.7"
ALICE = IPv4Address("198.51.100.10").packed
SITE = IPv6Address("2001:db8:1:2::").packed[:8]
OF_FRONT = IPv4Address(FRONT).packed


def address_of(*values: str, peer: str | None = FRONT, header: str | None = HEADER) -> bytes:
    """The address of a request with these values of the header."""
    headers = [(HEADER.lower().encode(), value.encode("latin-1")) for value in values]
    scope = {"type": "http", "headers": headers, "client": None if peer is None else (peer, 4711)}
    return Addresses(header=header).of(scope)


@pytest.mark.parametrize(
    ("value", "address"),
    {
        "198.51.100.10": ALICE,
        "198.51.100.10:46532": ALICE,
        " 198.51.100.10 ": ALICE,
        "::ffff:198.51.100.10": ALICE,
        "2001:db8:1:2:3:4:5:6": SITE,
        "2001:db8:1:2:3:4:5:6:46532": SITE,
        "2001:db8:1:2::9:46532": SITE,
        "[2001:db8:1:2::9]:443": SITE,
        "[2001:db8:1:2::9]": SITE,
        "203.0.113.1, 198.51.100.10": ALICE,
    }.items(),
)
def test_address_is_read_as_fronts_write_it(value: str, address: bytes) -> None:
    assert address_of(value) == address


@pytest.mark.parametrize(
    "value", ["", "unknown", "198.51.100", "198.51.100.256", ":", "[]:1", "\xff", "1" * 10_000, "198.51.100.10,", ":::"]
)
def test_what_is_no_address_shares_the_fronts_own(value: str) -> None:
    assert address_of(value) == OF_FRONT


def test_without_the_header_the_peer_counts() -> None:
    assert address_of() == OF_FRONT
    assert address_of("198.51.100.10", header=None) == OF_FRONT
    assert address_of("198.51.100.10", peer=None, header=None) == UNKNOWN


def test_what_the_front_wrote_last_counts_before_what_the_client_wrote() -> None:
    assert address_of("203.0.113.1", "198.51.100.10") == ALICE


def test_header_from_a_peer_out_in_the_internet_is_not_believed() -> None:
    assert address_of("198.51.100.10", peer="8.8.8.8") == IPv4Address("8.8.8.8").packed


def test_front_on_a_unix_socket_is_believed() -> None:
    assert address_of("198.51.100.10", peer=None) == ALICE


@given(st.builds(IPv6Address, st.integers(2**96, 2**128 - 1)))
def test_hosts_of_one_ipv6_network_are_one_client(address: IPv6Address) -> None:
    neighbour = IPv6Address(int(address) ^ 0xFFFF)

    assert address_of(str(address)) == address_of(str(neighbour)) == address.packed[:8]


@given(st.text(st.characters(codec="latin-1"), max_size=80))
def test_no_header_breaks_it(value: str) -> None:
    assert len(address_of(value)) in {4, 8}
