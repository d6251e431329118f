"""Long work in turns: a group of clients in each, so that notices come in and connections are accepted in between."""

from collections.abc import Callable, Iterator

CLIENTS_AT_ONCE = 500
"""Clients that are written to, or may be, in one turn of the event loop."""
Turns = Iterator[None]
"""Something long: it goes on for a turn each time that it is asked for the next."""
Spread = Callable[[Turns], None]
"""Has all turns taken: the first at once, the others when it is their turn."""


def all_at_once(turns: Turns) -> None:
    """Take all turns, now."""
    for _ in turns:
        pass
