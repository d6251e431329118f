"""A hub's client without a socket: what was written to it, read strictly, and fullness as the test says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stream_service.subscription import Subscription
from tests.support.frames import KEEPALIVE, Frame, frames_in


@dataclass(slots=True)
class Client:
    """One connection: what was written to it, read strictly, and a socket that takes as much as the test says."""

    room: int | None = None
    """How many writes the socket takes before it is full; None for any number."""
    hear: Callable[[Frame], None] = lambda _: None
    frames: list[Frame] = field(default_factory=list)
    keepalives: int = 0
    written: list[bytes] = field(default_factory=list)
    ended: bool = False
    aborted: bool = False
    _subscription: Subscription | None = None

    @property
    def subscription(self) -> Subscription:
        assert self._subscription is not None
        return self._subscription

    def follow(self, subscription: Subscription) -> None:
        """Hear whose bytes these will be, before the first."""
        self._subscription = subscription

    def write(self, data: bytes) -> None:
        """Take whole frames, or a keepalive; nothing while the socket is full, or behind the end."""
        assert not self.subscription.paused, f"The socket is full: {data!r:.80}"
        assert not self.aborted, f"The connection was cut: {data!r:.80}"
        self.written.append(data)
        if data == KEEPALIVE:
            self.keepalives += 1
        else:
            for frame in frames_in(data):
                self.frames.append(frame)
                self.hear(frame)
        if self.room is not None:
            self.room -= 1
            if self.room <= 0:
                self.subscription.pause()

    def end(self) -> None:
        """End politely."""
        self.ended = True

    def abort(self) -> None:
        """Be cut."""
        self.aborted = True

    def pause(self) -> None:
        """Let the socket be full."""
        self.subscription.pause()

    def resume(self, room: int | None = None) -> None:
        """Let the socket take data again."""
        self.room = room
        self.subscription.resume()

    def leave(self) -> None:
        """Go."""
        self.subscription.leave()

    @property
    def events(self) -> list[Frame]:
        """What it got of the workflow's events."""
        return [frame for frame in self.frames if not frame.channel.startswith("$")]

    @property
    def positions(self) -> list[int]:
        """The positions of those."""
        return [frame.id.position for frame in self.events]

    def control(self, channel: str) -> list[Frame]:
        """The control events of one kind."""
        return [frame for frame in self.frames if frame.channel == channel]

    @property
    def gaps(self) -> list[tuple[Any, ...]]:
        """What it was told to have lost: reason, requested, next, missed and the id's position."""
        return [
            (frame.data["reason"], frame.data["requested"], frame.data["next"], frame.data["missed"], str(frame.id))
            for frame in self.control("$gap")
        ]

    @property
    def syncs(self) -> list[str]:
        """The ids that `$sync` gave it."""
        return [str(frame.id) for frame in self.control("$sync")]
