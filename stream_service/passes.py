"""Passes: each brings one stream's clients what its ring has grown by, the same bytes to all who stand together."""

from collections.abc import Callable, Collection, Iterable

from stream_service.counts import Counts
from stream_service.ring import Ring
from stream_service.slices import Slice
from stream_service.subscription import Subscription
from stream_service.turns import Turns
from stream_service.unwritten import Delivered, Unwritten
from tailrace.event import Batch, EventId

EVERY_CHANNEL: frozenset[str] = frozenset()


class Passes:
    """Where the last pass left the clients that flow, and what the next one shall write."""

    def __init__(self, ring: Ring, *, counts: Counts, delivered: Callable[[Delivered], None]) -> None:
        """`delivered` hears of every batch that a pass has written to all who follow live."""
        self._ring = ring
        self._counts = counts
        self._delivered = delivered
        self._level = ring.head
        self._unwritten = Unwritten()

    @property
    def behind(self) -> bool:
        """Whether the ring holds something that the last pass did not bring to everybody."""
        return self._level is not self._ring.head

    def note(self, batches: Iterable[Batch]) -> None:
        """Note what the next pass shall write, to tell when it is written."""
        for batch in batches:
            self._unwritten.add(batch)

    def forget(self) -> None:
        """Forget what was noted: the ring begins anew."""
        self._unwritten.clear()

    def deliver(self, followers: Collection[Subscription], at_once: int | None) -> Turns:
        """Make one pass; yields between groups of `at_once` clients.

        Those who stand where the last pass left them get the same bytes; others go on by themselves.
        """
        subscriptions = tuple(followers)
        level, self._level = self._level, self._ring.head
        slices: dict[frozenset[str], Slice] = {}
        if level is not self._level and self._ring.holds(level):
            slices[EVERY_CHANNEL] = self._ring.slice_after(level.position)
            self._level = slices[EVERY_CHANNEL].reached
        size = at_once or len(subscriptions)
        for start in range(0, len(subscriptions), size or 1):
            if start:
                yield
            self._write(subscriptions[start : start + size], level, slices)
        for batch in self._unwritten.up_to(self._level.position):
            self._delivered(batch)

    def _write(
        self, subscriptions: Iterable[Subscription], level: EventId, slices: dict[frozenset[str], Slice]
    ) -> None:
        """Write to those who flow and stand at `level`. Every client of every event comes through here."""
        deliveries = 0
        for subscription in subscriptions:
            if subscription.cursor is level and subscription.flowing:
                piece = slices.get(subscription.channels) or self._slice_for(subscription, level, slices)
                if piece is not None:
                    subscription.cursor = piece.reached
                    if piece.events:
                        deliveries += piece.events
                        subscription.sent = piece.reached
                        subscription.connection.write(piece.data)
                    continue
            subscription.settle()
        self._counts.deliveries += deliveries

    def _slice_for(
        self, subscription: Subscription, level: EventId, slices: dict[frozenset[str], Slice]
    ) -> Slice | None:
        """Join what is new on the channels that a client chose, once for all who chose the same."""
        if not slices or not self._ring.holds(level):
            return None
        piece = self._ring.slice_after(level.position, subscription.channels)
        slices[subscription.channels] = piece
        return piece
