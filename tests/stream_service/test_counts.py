import pytest

from stream_service.api import Door
from stream_service.counts import Counts, End
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tests.support.rim import Rim, some_settings
from tests.support.stepped_client import Client

STREAM = WorkflowId("p_a")


async def test_every_client_that_came_follows_or_has_ended() -> None:
    rim = Rim(settings=some_settings(max_connections=5, slow_client_seconds=10))
    for _ in range(5):
        client = Client()
        rim.hub.subscribe(STREAM, client, Wish(), introduce=client.follow)
    left, slow, drained, hurried, _ = rim.hub.subscriptions()
    turned_away = rim.door.turns_away(STREAM)

    left.leave()
    left.leave()
    slow.pause()
    rim.hub.tick(0)
    rim.hub.tick(11)
    drained.end(End.DRAIN)
    drained.leave()
    hurried.end(End.DRAIN)
    hurried.abort(End.SLOW)

    counts = rim.hub.counts
    ended = {why: count for why, count in counts.ended.items() if count}
    assert turned_away
    assert ended == {End.FULL: 1, End.LEFT: 1, End.SLOW: 1, End.DRAIN: 2}  # the first reason is the one that counts
    assert counts.opened == counts.connections + sum(counts.ended.values()) == 6


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish(until=5.0), End.EXPIRED),
        (Wish(aged_at=5.0), End.AGE),
        (Wish(until=5.0, aged_at=4.0), End.EXPIRED),
    ],
)
async def test_client_whose_time_is_up_has_ended_for_that(wish: Wish, why: End) -> None:
    rim = Rim()
    client = Client()
    rim.hub.subscribe(STREAM, client, wish, introduce=client.follow)

    rim.hub.tick(5.0)
    for subscription in rim.hub.subscriptions():
        subscription.leave()

    assert rim.hub.counts.ended[why] == 1


async def test_client_that_comes_to_a_service_that_drains_is_turned_away() -> None:
    rim = Rim()
    door = Door(rim.hub)
    door.draining = True

    assert door.turns_away(STREAM)

    assert rim.hub.counts == Counts(opened=1, ended={**dict.fromkeys(End, 0), End.DRAIN: 1})
