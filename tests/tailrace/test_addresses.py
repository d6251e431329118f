import tracemalloc

import pytest

from tailrace.addresses import MAX_CHARACTERS, client_bytes, parse_address


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


def test_longest_address_with_the_name_of_its_interface_is_read() -> None:
    longest = "0000:0000:0000:0000:0000:ffff:255.255.255.255%eth0-name-of-15x"[:MAX_CHARACTERS]

    assert parse_address(longest) is not None


def test_long_texts_that_strangers_write_are_not_kept() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(200):
            assert parse_address(f"{number:x}".rjust(64 * 1024, "0")) is None
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 1024 * 1024
