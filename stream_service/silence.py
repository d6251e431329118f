"""Has the kernel find clients that went without a word: a link that broke, a machine that lost its power."""

import socket
from contextlib import suppress

PROBES_BY_THE_TIME = 3
"""How often a connection on which nothing is sent is probed before its time is up."""


def give_up_after(sock: socket.socket, seconds: float) -> None:
    """Let what stays unacknowledged for so long, data or a probe, end the connection; call it on an accepted socket."""
    if not hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux has it
        return
    every = max(1, round(seconds / PROBES_BY_THE_TIME))
    with suppress(OSError):  # the peer has gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, every)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, every)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
