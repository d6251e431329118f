"""Internet addresses, and who counts as one client by them."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address


@lru_cache(maxsize=4_096)  # a client's address is looked at several times, and a front's at every request
def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; None where the text is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def client_bytes(address: IPv4Address | IPv6Address) -> bytes:
    """What one client shares: four bytes of IPv4; of IPv6 the first eight, which is what one site gets."""
    if isinstance(address, IPv4Address):
        return address.packed
    return address.ipv4_mapped.packed if address.ipv4_mapped else address.packed[:8]
