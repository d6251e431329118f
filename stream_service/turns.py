"""Long work in turns: a group of clients in each, so that notices come in and connections are accepted in between."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Client = TypeVar("_Client")

CLIENTS_AT_ONCE = 500
"""Clients that are written to, or may be, in one turn of the event loop."""
Turns = Iterator[None]
"""Something long: it goes on for a turn each time that it is asked for the next."""
Spread = Callable[[Turns], None]
"""Has all turns taken: the first at once, the others when it is their turn."""


def for_each(clients: Iterable[_Client], do: Callable[[_Client], object]) -> Turns:
    """Do something for each client, for a group of them in each turn."""
    for number, client in enumerate(clients):
        if number and number % CLIENTS_AT_ONCE == 0:
            yield
        do(client)


def all_at_once(turns: Turns) -> None:
    """Take all turns, now."""
    for _ in turns:
        pass
