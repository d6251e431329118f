"""What each client gets of the service: its requests pass a turnstile, and its streams have seats."""

import math
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stream_service.addresses import Addresses
from stream_service.come_later import come_later
from stream_service.limits import Places, Rate
from stream_service.problems import problem
from stream_service.settings import Settings
from stream_service.takeover import Follower
from tailrace.errors import TailraceError

PAGES = 64
"""Of history that are on their way at a time, to all clients together; each may take a megabyte of memory, or two."""
PAGES_PER_ADDRESS = 8
_PAGE_SECONDS = 1.0
"""After which a client may ask again that has as many pages on their way as it may."""
_PLATFORM = frozenset({"/healthz", "/readyz", "/metrics"})
"""What the platform asks, which comes from one address, and not through the front."""

Introduce: TypeAlias = Callable[[Follower], None]
"""Says who shall hear how a socket fares, before anything is written to it."""


class Shares:
    """What clients have: by their addresses, and those who have a token, by whom it names."""

    def __init__(self, settings: Settings, *, now: Callable[[], float] = time.monotonic) -> None:
        self.addresses = Addresses(header=settings.address_header)
        self.requests_of_addresses = _requests(settings, streams=settings.streams_per_address)
        self.requests_of_subscribers = _requests(settings, streams=settings.streams_per_subscriber)
        self.streams_of_addresses = Places(settings.streams_per_address)
        self.streams_of_subscribers = Places(settings.streams_per_subscriber)
        self.pages_of_addresses = Places(PAGES_PER_ADDRESS)
        self.pages_of_all = Places(PAGES)
        self._pages_refused = 0
        self._now = now

    @property
    def requests_refused(self) -> int:
        """Those that were one too many, of an address or of a subscriber."""
        return self.requests_of_addresses.refused + self.requests_of_subscribers.refused + self._pages_refused

    @contextmanager
    def page(self, scope: Scope) -> Iterator[None]:
        """Hold the places of a page that is on its way to whoever sent a request.

        Raises:
            TooManyRequests: as many are on their way there, or to all, as may be.
        """
        wanted = {
            "from this address": (self.pages_of_addresses, self.addresses.of(scope)),
            "for pages of history": (self.pages_of_all, None),
        }
        for which, (places, client) in wanted.items():
            if places.full(client):
                self._pages_refused += 1
                raise TooManyRequests(which, _PAGE_SECONDS)
        taken = _Taken(tuple(wanted.values()))
        try:
            yield
        finally:
            taken.give_back()

    def wait(self, scope: Scope) -> float:
        """Take a request, and return 0; or the seconds after which one will be taken from this address."""
        return self.requests_of_addresses.wait(self.addresses.of(scope), self._now())

    def wait_of(self, subscriber: str) -> float:
        """The same for a token's subscriber, which is empty for those without a token."""
        return self.requests_of_subscribers.wait(subscriber, self._now()) if subscriber else 0.0

    def full(self, scope: Scope, subscriber: str) -> bool:
        """Whether a client has all the streams that it may have; `subscriber` is empty for those without a token."""
        return any(places.full(client) for places, client in self._places_for(scope, subscriber))

    def seat(
        self, scope: Scope, subscriber: str, *, introduce: Introduce, begin: Callable[[Introduce], object]
    ) -> Follower | None:
        """Begin a stream that holds its client's places until it is left; None where there are none for it.

        `begin` is handed an `introduce` that takes the place of the one given.
        """
        if self.full(scope, subscriber):
            return None
        seat = _Seat(self._places_for(scope, subscriber))

        def introduce_seat(follower: Follower) -> None:
            seat.follower = follower
            introduce(seat)

        try:
            begin(introduce_seat)
        except BaseException:
            seat.give_back()
            raise
        return seat

    def _places_for(self, scope: Scope, subscriber: str) -> tuple[tuple[Places, Hashable], ...]:
        by_address = (self.streams_of_addresses, self.addresses.of(scope))
        return (by_address, (self.streams_of_subscribers, subscriber)) if subscriber else (by_address,)


def _requests(settings: Settings, *, streams: int) -> Rate:
    """A rate for those who may hold so many streams, all of which may come back at once, as after a deploy."""
    at_once = streams + math.ceil(settings.requests_per_second)
    return Rate(per_second=settings.requests_per_second, at_once=at_once)


class _Taken:
    """Places that somebody has."""

    __slots__ = ("_places",)

    def __init__(self, places: tuple[tuple[Places, Hashable], ...]) -> None:
        self._places = places
        for each, client in places:
            each.take(client)

    def give_back(self) -> None:
        """Give the places back; those that are back already stay so."""
        given, self._places = self._places, ()
        for each, client in given:
            each.give_back(client)


class _Seat(_Taken):
    """Passes on what a connection says, and gives its client's places back when it is gone."""

    __slots__ = ("follower",)

    follower: Follower

    def pause(self) -> None:
        self.follower.pause()

    def resume(self) -> None:
        self.follower.resume()

    def leave(self) -> None:
        self.give_back()
        self.follower.leave()


class TooManyRequests(TailraceError):
    """Somebody makes more requests than one may."""

    def __init__(self, which: str, seconds: float) -> None:
        super().__init__(f"Too many requests have come {which}. Send fewer, and this one again later.")
        self._seconds = seconds

    def answer(self, path: str, *, turned_away: Callable[[], None]) -> Response:
        """Ask who sent a request for this path to come later; `turned_away` is told where it was for a stream."""
        refusal = problem(429, str(self), headers={"Retry-After": str(math.ceil(self._seconds))})
        return come_later(path, refusal, turned_away=turned_away)


class Turnstile:
    """Middleware that lets each address make its requests, and asks who makes more to come later."""

    def __init__(self, app: ASGIApp, *, shares: Shares, turned_away: Callable[[], None]) -> None:
        """`turned_away` is told of each client that wanted a stream, and is asked to come again."""
        self._app = app
        self._shares = shares
        self._turned_away = turned_away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _PLATFORM or (seconds := self._shares.wait(scope)) == 0:
            await self._app(scope, receive, send)
        else:
            refusal = TooManyRequests("from this address", seconds)
            await refusal.answer(scope["path"], turned_away=self._turned_away)(scope, receive, send)
