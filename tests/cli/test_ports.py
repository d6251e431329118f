"""A taken port is said at once, with who has it."""

import os
import socket
import sys

import pytest

from cli.errors import CommandError
from cli.ports import find_port, listen, port_of


def test_port_that_is_taken_is_said_with_the_option_that_chooses_another() -> None:
    with listen(0, purpose="a test", option="--port") as taken:
        port = port_of(taken)

        with pytest.raises(CommandError, match=f"Port {port}, for the API, is taken") as caught:
            listen(port, purpose="the API", option="--port")

    assert "--port" in caught.value.hint


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens")
def test_program_that_has_the_port_is_named() -> None:
    with listen(0, purpose="a test", option="--port") as taken, pytest.raises(CommandError, match=f"pid {os.getpid()}"):
        listen(port_of(taken), purpose="the API", option="--port")


def test_port_that_was_found_is_free_to_be_taken() -> None:
    port = find_port(0, purpose="a test", option="--port")

    with listen(port, purpose="a test", option="--port") as listener:
        assert port_of(listener) == port


def test_connection_waits_for_somebody_to_accept_it() -> None:
    with listen(0, purpose="a test", option="--port") as listener:
        with socket.create_connection(listener.getsockname(), timeout=5) as client:
            client.sendall(b"early")
            accepted, _ = listener.accept()

        with accepted:
            assert accepted.recv(5) == b"early"
