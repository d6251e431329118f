"""How much one client may have: streams at the same time, and requests a second. It knows no requests and no clock."""

from collections.abc import Hashable

MAX_CLIENTS = 32_768
"""Clients whose requests are remembered. Of the one that has been quiet for longest, the requests are forgotten."""


class Rate:
    """Lets each client make requests at a rate, and some at once; what a client does not use comes back in time."""

    def __init__(self, *, per_second: float, at_once: int, max_clients: int = MAX_CLIENTS) -> None:
        self._interval = 1 / per_second
        self._ahead = (at_once - 0.5) * self._interval  # half an interval for what is lost in rounding
        self._max_clients = max_clients
        self._paid_until: dict[Hashable, float] = {}  # the one who came last is last
        self.refused = 0

    def wait(self, client: Hashable, now: float) -> float:
        """Take one request, and return 0; or the seconds after which one will be taken.

        What is refused does not count: a client that asks too often is still served at its rate.
        """
        paid_until = max(self._paid_until.pop(client, now), now)
        seconds = paid_until - now - self._ahead
        if seconds > 0:
            self.refused += 1
            self._paid_until[client] = paid_until
            return seconds
        self._paid_until[client] = paid_until + self._interval
        if len(self._paid_until) > self._max_clients:
            del self._paid_until[next(iter(self._paid_until))]
        return 0.0


class Places:
    """Counts the streams that each client holds. What it remembers is bounded by the streams that there are."""

    def __init__(self, each: int) -> None:
        """`each` is how many one may hold."""
        self._each = each
        self._taken: dict[Hashable, int] = {}

    def full(self, client: Hashable) -> bool:
        """Whether a client holds all that it may."""
        return self._taken.get(client, 0) >= self._each

    def take(self, client: Hashable) -> None:
        """Give a client one place more; whether there is one is asked before."""
        self._taken[client] = self._taken.get(client, 0) + 1

    def give_back(self, client: Hashable) -> None:
        """Take back one place."""
        left = self._taken[client] - 1
        if left:
            self._taken[client] = left
        else:
            del self._taken[client]
