"""Messages on the topic that are no notices of ours, through a real feed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from stream_service import queue as queue_module
from stream_service.feed import Feed
from stream_service.queue import Queue
from tailrace.event import Batch, Event, WorkflowId
from tailrace.notice import Canary, Notice, encode_notice
from tests.support.aws import AwsClients
from tests.support.rim import Rim, eventually, serving
from tests.support.streams import follow

TRUE = {
    "workflow_id": "p_a",
    "generation": "g",
    "position": 1,
    "count": 1,
    "recorded_at": 1,
    "batch_id": "run",
    "cleared": False,
}
INVALID = {
    "text": "hello",
    "blank": " ",
    "half of JSON": '{"workflow_id": "p_a"',
    "number": "17",
    "nothing": "null",
    "list": "[]",
    "object of others": '{"Type": "Notification", "Message": "hello"}',
    "deep": "[" * 100_000,
    "NUL": '{"workflow_id": "\\u0000"}',
    "malformed id": json.dumps(TRUE | {"workflow_id": "hello"}),
    "id that is no text": json.dumps(TRUE | {"workflow_id": ["p_a"]}),
    "generation that breaks frames": json.dumps(TRUE | {"generation": "g\n\ndata: injected"}),
    "position 0": json.dumps(TRUE | {"position": 0}),
    "position that is negative": json.dumps(TRUE | {"position": -5}),
    "position that is true": json.dumps(TRUE | {"position": True}),
    "position that is text": json.dumps(TRUE | {"position": "1"}),
    "position that is half": json.dumps(TRUE | {"position": 1.5}),
    "position that is NaN": json.dumps(TRUE | {"position": float("nan")}),
    "position of many digits": json.dumps(TRUE | {"position": 10**30}),
    "no events": json.dumps(TRUE | {"count": 0}),
    "canary that is none": '{"canary": 1, "number": []}',
    **{f"no {name}": json.dumps({key: TRUE[key] for key in TRUE if key != name}) for name in TRUE},
}
POISONED = {
    "events that are no JSON": "nonsense",
    "events that are no list": "{}",
    "fewer events than announced": "[]",
    "more events than announced": '[{"channel":"c","payload":1},{"channel":"c","payload":2}]',
    "event without a channel": '[{"payload":1}]',
    "channel that breaks frames": json.dumps([{"channel": "c\n\ndata: injected", "payload": 1}]),
    "channel of ours": json.dumps([{"channel": "$sync", "payload": 1}]),
    "payload with half a character": '[{"channel":"c","payload":"\\ud800"}]',
}
"""Behind a true header: what the log holds counts, and is read instead."""


@pytest.fixture
async def rim(monkeypatch: pytest.MonkeyPatch) -> Rim:
    monkeypatch.setattr(queue_module, "LONG_POLL_SECONDS", 1)
    return Rim()


@asynccontextmanager
async def feeding(rim: Rim, aws: AwsClients, topic_arn: str) -> AsyncIterator[Feed]:
    """Bring the hub what is published, as the service does."""

    def deliver(notice: Notice | Canary) -> None:
        if isinstance(notice, Notice):
            rim.hub.offer(notice)

    queue = Queue(sqs=aws.sqs, sns=aws.sns, topic_arn=topic_arn, name=f"bad-{uuid4().hex}")
    feed = Feed(queue, deliver=deliver, in_doubt=lambda: None, receivers=1)
    running = asyncio.create_task(feed.run())
    await feed.opened.wait()
    yield feed
    assert not running.done()
    running.cancel()
    await feed.close()


async def test_messages_that_are_no_notices_are_counted_and_the_next_event_comes(
    rim: Rim, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async def publish(message: str) -> None:
        await asyncio.to_thread(aws_clients.sns.publish, TopicArn=notice_topic_arn, Message=message)

    async with (
        feeding(rim, aws_clients, notice_topic_arn) as feed,
        serving(rim.app) as (url, _),
        follow(url, "p_a") as client,
    ):
        await client.next()
        for message in INVALID.values():
            await publish(message)
        await eventually(lambda: feed.invalid == len(INVALID))
        await publish(encode_notice(await recorded(rim, 1)))
        await client.until(1)

        assert client.payloads == [1]


@pytest.mark.parametrize("events", POISONED.values(), ids=POISONED)
async def test_notice_with_false_events_is_replaced_by_what_the_log_holds(
    rim: Rim, aws_clients: AwsClients, notice_topic_arn: str, events: str
) -> None:
    async with (
        feeding(rim, aws_clients, notice_topic_arn),
        serving(rim.app) as (url, _),
        follow(url, "p_a") as client,
    ):
        await rim.publish("p_a", 0)
        await client.until(1)
        batch = await recorded(rim, 1)
        header = encode_notice(batch).split("\n")[0]
        await asyncio.to_thread(aws_clients.sns.publish, TopicArn=notice_topic_arn, Message=f"{header}\n{events}")
        await client.until(2)
        await rim.publish("p_a", 2)
        await client.until(3)

        assert client.payloads == [0, 1, 2]


LIES = {
    "position far ahead": {"position": 1_000_000},
    "position behind": {"position": 1, "count": 1},
    "more than there is": {"count": 500},
    "another generation": {"generation": "other", "position": 1},
    "another stream": {"workflow_id": "p_other"},
    "recorded in the far future": {"recorded_at": 10**15, "position": 1},
}
"""About what the log holds; it is asked, and settles it."""


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_notice_that_lies_costs_a_reading_and_nothing_else(
    rim: Rim, aws_clients: AwsClients, notice_topic_arn: str, lie: dict[str, object]
) -> None:
    async with (
        feeding(rim, aws_clients, notice_topic_arn),
        serving(rim.app) as (url, _),
        follow(url, "p_a") as client,
    ):
        (batch,) = await rim.publish("p_a", 0)
        await client.until(1)
        false = json.dumps(TRUE | {"generation": batch.generation, "position": 2} | lie)
        await asyncio.to_thread(aws_clients.sns.publish, TopicArn=notice_topic_arn, Message=false)
        await asyncio.to_thread(
            aws_clients.sns.publish, TopicArn=notice_topic_arn, Message=encode_notice(await recorded(rim, 1))
        )
        await client.until(2)
        await rim.publish("p_a", 2)
        await client.until(3)

        assert client.payloads == [0, 1, 2]
        assert [frame.event for frame in client.frames if frame.event == "$gap"] == []


async def recorded(rim: Rim, payload: object) -> Batch:
    """Append an event that nobody announces."""
    (batch,) = await rim.log.append(WorkflowId("p_a"), [Event.of("c", payload)], batch_id=uuid4().hex)
    return batch
