"""Ports are taken by the process that starts the others, so that a taken one is said at once, in one sentence."""

import errno
import socket

from cli.errors import CommandError
from cli.port_holder import name_holder

HOST = "127.0.0.1"
"""What `tailrace dev` starts can be reached from this machine alone."""

_BACKLOG = 512


def listen(port: int, *, purpose: str, option: str) -> socket.socket:
    """Take a port (0: any that is free) and listen on it; connections wait until a process accepts them.

    Raises:
        CommandError: another program has the port, or this user may not take it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise CommandError(
            f"Port {port}, for {purpose}, {_reason(error, port)}.",
            hint=f"Stop that program, or choose other ports: {option}.",
        ) from error
    return listener


def port_of(listener: socket.socket) -> int:
    """The port that a socket listens on."""
    return int(listener.getsockname()[1])


def find_port(port: int, *, purpose: str, option: str) -> int:
    """Check that a port is free (0: find one), for a program that takes it by itself.

    Raises:
        CommandError: as `listen`.
    """
    with listen(port, purpose=purpose, option=option) as listener:
        return port_of(listener)


def _reason(error: OSError | OverflowError, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        holder = name_holder(port)
        return f"is taken by {holder}" if holder else "is taken by another program"
    return f"cannot be taken ({error})"
