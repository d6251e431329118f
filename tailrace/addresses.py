"""Internet addresses, and who counts as one client by them."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

MAX_CHARACTERS = 64
"""Of an address: 45 at most, and an interface's name behind it."""

SITE_BYTES = 8
"""Of an IPv6 address: what one site gets, and may use as it likes."""


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; None where the text is none."""
    return _parse(text) if len(text) <= MAX_CHARACTERS else None  # what strangers write must not fill the cache


@lru_cache(maxsize=4_096)  # a client's address is looked at several times, and a front's at every request
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def client_bytes(address: IPv4Address | IPv6Address) -> bytes:
    """What one client shares: four bytes of IPv4; of IPv6 what one site gets."""
    if isinstance(address, IPv4Address):
        return address.packed
    return address.ipv4_mapped.packed if address.ipv4_mapped else address.packed[:SITE_BYTES]
