"""Makes the shared fixtures known to every test."""

import signal

pytest_plugins = ["tests.support.fixtures"]


def pytest_configure() -> None:
    """Let programs that tests start hear an interrupt, also where a shell started the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # which every program that is started would inherit
        signal.signal(signal.SIGINT, signal.default_int_handler)
