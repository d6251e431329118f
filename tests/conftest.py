"""Makes the shared fixtures known to every test."""

import signal

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

pytest_plugins = ["tests.support.fixtures"]


def pytest_configure() -> None:
    """Let searches be the same whatever else runs, and programs that tests start hear an interrupt.

    Hypothesis draws constants that it finds in our modules, of those that happen to be imported: what a search comes
    across would depend on the tests that ran before. It has no setting for that.
    """
    if not callable(providers._get_local_constants):
        raise TypeError("Hypothesis looks for constants elsewhere by now.")
    providers._get_local_constants = Constants
    # Where a shell started the tests in the background, they and what they start would ignore it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # which every program that is started would inherit
        signal.signal(signal.SIGINT, signal.default_int_handler)
