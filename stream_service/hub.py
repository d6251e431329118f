"""The hub hands each batch to the streams that someone watches, and waits for no client.

It does no I/O and has no clock: notices, answers and ticks come in, questions and writes go out.
"""

from collections.abc import Callable

from stream_service.bounds import Bounds
from stream_service.connection import Connection
from stream_service.counts import Counts, End
from stream_service.pages import Pages
from stream_service.question import Ask
from stream_service.ring import Ring
from stream_service.stream import Stream
from stream_service.subscription import Subscription
from stream_service.turns import CLIENTS_AT_ONCE, Spread, Turns, all_at_once, for_each
from stream_service.unwritten import Delivered
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tailrace.notice import Notice


def at_once(stream: Stream) -> None:
    """Deliver to all clients of a stream, now, in as many passes as it takes."""
    again = True
    while again:
        all_at_once(stream.deliver())
        again = stream.behind


class Hub:
    """The streams that this task's clients watch."""

    def __init__(
        self,
        *,
        ask: Ask,
        bounds: Bounds,
        due: Callable[[Stream], None] = at_once,
        spread: Spread = all_at_once,
        delivered: Callable[[Delivered], None] = lambda _: None,
    ) -> None:
        """`due` is told of every stream that has something to deliver, `spread` of answers that many wait for.

        `delivered` hears of every batch that a pass has written to all who follow live.
        """
        self.counts = Counts()
        self.bounds = bounds
        self._ask = ask
        self._due = due
        self._spread = spread
        self._delivered = delivered
        self._streams: dict[WorkflowId, Stream] = {}
        self._pages = Pages()

    @property
    def streams(self) -> int:
        """How many streams are held."""
        return len(self._streams)

    @property
    def connections(self) -> int:
        """How many clients there are."""
        return self.counts.connections

    @property
    def size(self) -> int:
        """The bytes in all rings."""
        return sum(stream.ring.size for stream in self._streams.values())

    def is_full(self, workflow_id: WorkflowId) -> bool:
        """Whether one more client would be too many, for this stream or for all."""
        if self.connections >= self.bounds.connections:
            return True
        stream, most = self._streams.get(workflow_id), self.bounds.stream_connections
        return stream is not None and most is not None and len(stream.subscriptions) >= most

    def subscribe(
        self,
        workflow_id: WorkflowId,
        connection: Connection,
        wish: Wish,
        introduce: Callable[[Subscription], None] | None = None,
    ) -> Subscription:
        """Let a client follow a stream: replay, then live.

        `introduce` is called before the first write, so that already that one may pause the subscription.
        """
        stream = self._streams.get(workflow_id)
        if stream is None:
            self._make_room()
            # Register before reading: an event recorded in between is then seen twice, never missed.
            ring = Ring(max_events=self.bounds.ring_events, max_bytes=self.bounds.ring_bytes)
            stream = Stream(
                workflow_id,
                ring=ring,
                ask=self._ask,
                counts=self.counts,
                pages=self._pages,
                spread=self._spread,
                wanted=self._holds,
                due=self._due,
                delivered=self._delivered,
            )
            self._streams[workflow_id] = stream
            stream.load()
        subscription = Subscription(stream, connection, wish)
        if introduce is not None:
            introduce(subscription)
        stream.add(subscription)
        return subscription

    def offer(self, notice: Notice) -> None:
        """Hear that a stream has grown; one that nobody watches costs nothing."""
        stream = self._streams.get(notice.workflow_id)
        if stream is None:
            self.counts.notices_unwatched += 1
        else:
            stream.offer(notice)

    def watched(self) -> tuple[WorkflowId, ...]:
        """The streams that are held, to be swept one by one."""
        return tuple(self._streams)

    def sweep(self, workflow_id: WorkflowId) -> None:
        """Compare a stream with the log, when nothing else asks for it."""
        stream = self._streams.get(workflow_id)
        if stream is not None:
            stream.sweep(by_turn=True)

    def tick(self, now: float) -> None:
        """End streams whose time is up; let go of clients that read nothing, streams without any, excess in rings."""
        self._pages.tick()
        self._shrink_rings()
        self._spread(self._look_at_all(now))

    def keep_alive(self, now: float) -> None:
        """Write a keepalive to every client."""
        self._spread(for_each(self.subscriptions(), lambda each: each.keep_alive(now)))

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Every client, as of now."""
        return tuple(each for stream in self._streams.values() for each in stream.subscriptions)

    def _make_room(self) -> None:
        """Let go of the streams that nobody follows any more, where there are as many as clients may be."""
        if len(self._streams) >= self.bounds.connections:
            for stream in tuple(self._streams.values()):
                if not stream.subscriptions:
                    del self._streams[stream.workflow_id]

    def _holds(self, stream: Stream) -> bool:
        return self._streams.get(stream.workflow_id) is stream

    def _look_at_all(self, now: float) -> Turns:
        looked_at = 0
        for stream in tuple(self._streams.values()):
            self._look_at_stream(stream, now)
            for subscription in tuple(stream.subscriptions):
                looked_at += 1
                if looked_at % CLIENTS_AT_ONCE == 0:
                    yield
                if subscription in stream.subscriptions:  # still, behind that turn
                    self._look_at_client(subscription, now)

    def _look_at_stream(self, stream: Stream, now: float) -> None:
        if stream.subscriptions:
            stream.empty_since = None
        elif stream.empty_since is None:
            stream.empty_since = now
        elif now - stream.empty_since >= self.bounds.linger and self._holds(stream):
            del self._streams[stream.workflow_id]

    def _look_at_client(self, subscription: Subscription, now: float) -> None:
        if subscription.until <= now:
            subscription.end(End.EXPIRED)
        elif subscription.aged_at <= now:
            subscription.end(End.AGE)
        if subscription.paused:
            self._look_at_paused(subscription, now)

    def _look_at_paused(self, subscription: Subscription, now: float) -> None:
        if subscription.paused_at is None:
            subscription.paused_at = now
        elif now - subscription.paused_at >= self.bounds.patience:
            subscription.abort(End.SLOW)

    def _shrink_rings(self) -> None:
        """Halve the largest rings until all are within their bound; what they let go is in the log."""
        excess = self.size - self.bounds.all_rings_bytes
        if excess <= 0:
            return
        for stream in sorted(self._streams.values(), key=lambda each: each.ring.size, reverse=True):
            if excess <= 0:
                break
            before = stream.ring.size
            stream.ring.shrink(before // 2)
            self.counts.rings_shrunk += 1
            excess -= before - stream.ring.size
