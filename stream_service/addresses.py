"""Where a request comes from: the address that the front tells, where it came through one, else the socket's peer."""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from starlette.types import Scope

from tailrace.addresses import client_bytes, parse_address

_WITH_PORT = re.compile(r"\[([^]]*)\](?::\d{1,5})?|(.*):\d{1,5}", re.ASCII | re.DOTALL)

Address: TypeAlias = bytes
"""Those who share it count as one client: four bytes of IPv4; of IPv6 the first eight, which is what one site gets."""
UNKNOWN: Address = b""
"""Of a peer that has none, such as a Unix socket."""


class Addresses:
    """Finds a request's address."""

    def __init__(self, *, header: str | None) -> None:
        """`header` is the one in which the front writes whom it serves; None where there is no front."""
        self._header = None if header is None else header.lower().encode()

    def of(self, scope: Scope) -> Address:
        """The address of whoever sent a request.

        Without the header, or where it holds no address, the peer's counts: whoever the front does not tell apart
        shares the front's own. From a peer out in the internet the header is not believed, since it is no front.
        """
        peer = parse_address(scope["client"][0]) if scope.get("client") else None
        if self._header is not None and (peer is None or not peer.is_global):
            told = [value for name, value in scope["headers"] if name == self._header]
            client = _parse_told(told[-1].decode("latin-1")) if told else None
            peer = client or peer
        return UNKNOWN if peer is None else client_bytes(peer)


def _parse_told(text: str) -> IPv4Address | IPv6Address | None:
    """Read the last address of a list: what stands before it, the client may have written. A port may follow it."""
    last = text.rpartition(",")[2].strip()
    if (address := parse_address(last)) is not None:
        return address
    parts = _WITH_PORT.fullmatch(last)
    return None if parts is None else parse_address(parts[1] or parts[2] or "")
