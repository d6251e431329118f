import pytest

from tailrace.addresses import client_bytes, parse_address


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("198.51.100.10", bytes([198, 51, 100, 10])),
        ("::ffff:198.51.100.10", bytes([198, 51, 100, 10])),
        ("2001:db8:1:2::9", bytes.fromhex("20010db800010002")),
        ("2001:DB8:1:2:FFFF::", bytes.fromhex("20010db800010002")),
    ],
)
def test_a_client_is_an_ipv4_address_or_a_site_of_ipv6(text: str, shared: bytes) -> None:
    address = parse_address(text)

    assert address is not None
    assert client_bytes(address) == shared


@pytest.mark.parametrize("text", ["", "unknown", "198.51.100", "198.51.100.256", "198.51.100.10:80", "\xff"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None
