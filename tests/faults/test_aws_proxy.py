"""The proxy before AWS, between boto3 and emulated AWS: it does the faults that it counts, and no others."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from stream_service.queue import Queue
from tailrace.dynamodb import DynamoDBTable
from tailrace.errors import LogUnavailable
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.notice import NoticeFailed
from tailrace.sns import SnsNotifier
from tests.faults.aws_call import SNS, SQS
from tests.faults.aws_proxy import AwsProxy, aws_proxy
from tests.faults.dynamodb_faults import dynamodb_fault
from tests.faults.garbage_faults import garbage
from tests.faults.hold import Hold, append_to
from tests.faults.notice_faults import NoticeFault, refusal
from tests.faults.plan import Kind
from tests.faults.tally import Strikes, Tally
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of

STREAM = WorkflowId("p_stream")
_Result = TypeVar("_Result")


@pytest.fixture
async def proxy(emulated_aws: EmulatedAws) -> AsyncIterator[AwsProxy]:
    async with aws_proxy(emulated_aws.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def clients(proxy: AwsProxy) -> AwsClients:
    return aws_clients_of(EmulatedAws(endpoint_url=proxy.url))


@pytest.fixture
def log(clients: AwsClients, event_log_table_name: str) -> EventLog:
    """A log that gives up at its first failure."""
    return EventLog(table=DynamoDBTable(client=clients.dynamodb, table_name=event_log_table_name), patience=0.0)


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def strikes(tally: Tally) -> Callable[[Kind], Strikes]:
    """Always strikes."""
    return lambda kind: Strikes(kind, tally=tally, chance=random.Random(1), share=1.0)


Make = Callable[[Kind], Strikes]


async def in_thread(call: Callable[[], _Result]) -> _Result:
    return await asyncio.to_thread(call)


def event(number: int) -> list[Event]:
    return [Event.of("numbers", number)]


async def test_without_faults_everything_passes(log: EventLog) -> None:
    for number in range(3):
        await log.append(STREAM, event(number), batch_id=str(number))

    reading = await log.read(STREAM, 1)

    assert [batch.events[0].payload for batch in reading.batches] == ["0", "1", "2"]


@pytest.mark.parametrize("kind", [Kind.DYNAMODB_THROTTLES, Kind.DYNAMODB_AWAY])
async def test_dynamodb_that_refuses_has_done_nothing(
    proxy: AwsProxy, log: EventLog, event_log_on_moto: EventLog, strikes: Make, kind: Kind
) -> None:
    with proxy.suffering(dynamodb_fault(strikes(kind))), pytest.raises(LogUnavailable):
        await log.append(STREAM, event(1), batch_id="1")

    assert await event_log_on_moto.head(STREAM) is None


async def test_dynamodb_whose_answer_is_lost_has_written(
    proxy: AwsProxy, log: EventLog, event_log_on_moto: EventLog, strikes: Make, tally: Tally
) -> None:
    with proxy.suffering(dynamodb_fault(strikes(Kind.DYNAMODB_LOSES_ANSWER))), pytest.raises(LogUnavailable):
        await log.append(STREAM, event(1), batch_id="1")
    written = await event_log_on_moto.read(STREAM, 1)

    assert [batch.batch_id for batch in written.batches] == ["1:0"]
    assert tally.counts[Kind.DYNAMODB_LOSES_ANSWER] > 0


async def test_pages_are_short(proxy: AwsProxy, log: EventLog, strikes: Make) -> None:
    for number in range(5):
        await log.append(STREAM, event(number), batch_id=str(number))

    with proxy.suffering(dynamodb_fault(strikes(Kind.DYNAMODB_PAGES))):
        reading = await log.read(STREAM, 1)

    assert (len(reading.batches), reading.more) == (3, True)


async def test_held_call_waits_until_it_is_decided_what_becomes_of_it(
    proxy: AwsProxy, log: EventLog, event_log_on_moto: EventLog, event_log_table_name: str
) -> None:
    hold = Hold(append_to(event_log_table_name))
    with proxy.suffering(hold):
        appending = asyncio.create_task(log.append(STREAM, event(1), batch_id="1"))
        assert await hold.caught(patience=40)
        assert await event_log_on_moto.head(STREAM) is None
        assert not appending.done()

        hold.decide(forward=True)
        await appending

    assert await event_log_on_moto.head(STREAM) is not None


@pytest.mark.parametrize("service", [SNS, SQS])
async def test_service_that_refuses_says_so_in_its_own_way(
    proxy: AwsProxy, clients: AwsClients, strikes: Make, service: str
) -> None:
    calls: dict[str, tuple[Kind, Callable[[], object]]] = {
        SNS: (Kind.SNS_REFUSES, clients.sns.list_topics),
        SQS: (Kind.SQS_REFUSES, clients.sqs.list_queues),
    }
    kind, call = calls[service]

    with proxy.suffering(refusal(service, strikes(kind))), pytest.raises(ClientError, match="ServiceUnavailable"):
        await in_thread(call)

    await in_thread(call)


async def test_garbage_in_the_place_of_an_answer_leaves_the_outcome_unknown(
    proxy: AwsProxy, log: EventLog, clients: AwsClients, notice_topic_arn: str, strikes: Make
) -> None:
    [batch] = await log.append(STREAM, event(1), batch_id="1")
    notifier = SnsNotifier(client=clients.sns, topic_arn=notice_topic_arn)

    with proxy.suffering(garbage(strikes(Kind.AWS_ANSWERS_GARBAGE))):
        with pytest.raises(LogUnavailable):
            await log.append(STREAM, event(2), batch_id="2")
        with pytest.raises(NoticeFailed):
            await notifier.announce(batch)

    notifier.close()
    await log.append(STREAM, event(2), batch_id="2")
    assert [each.batch_id for each in (await log.read(STREAM, 1)).batches] == ["1:0", "2:0"]


class Subscribed:
    """A queue behind the proxy, and a writer whose notices reach it."""

    def __init__(self, queue: Queue, url: str, log: EventLog, notifier: SnsNotifier) -> None:
        self.queue = queue
        self.url = url
        self.log = log
        self.notifier = notifier

    async def announce(self, *batches: str) -> None:
        for batch_id in batches:
            for batch in await self.log.append(STREAM, event(1), batch_id=batch_id):
                await self.notifier.announce(batch)

    async def receive(self) -> list[str]:
        """What SQS says next: the batches that are announced."""
        messages = await in_thread(lambda: self.queue.receive(self.url))
        return [message["Body"].partition('"batch_id":"')[2].partition(":")[0] for message in messages]

    async def receive_all(self, count: int) -> list[str]:
        received: list[str] = []
        async with asyncio.timeout(60):
            while len(received) < count:
                received += await self.receive()
        return received


@pytest.fixture
async def subscribed(
    clients: AwsClients, event_log_on_moto: EventLog, notice_topic_arn: str
) -> AsyncIterator[Subscribed]:
    queue = Queue(sqs=clients.sqs, sns=clients.sns, topic_arn=notice_topic_arn, name=f"faults-{uuid4().hex}")
    notifier = SnsNotifier(client=clients.sns, topic_arn=notice_topic_arn)
    yield Subscribed(queue, await in_thread(queue.open), event_log_on_moto, notifier)
    await in_thread(queue.remove)
    notifier.close()


async def test_dropped_notice_never_comes(
    proxy: AwsProxy, subscribed: Subscribed, clients: AwsClients, strikes: Make, tally: Tally
) -> None:
    with proxy.suffering(NoticeFault(strikes(Kind.NOTICE_DROPPED))):
        await subscribed.announce("1", "2")
        while tally.counts[Kind.NOTICE_DROPPED] < 2:
            assert await subscribed.receive() == []

    attributes: Any = await in_thread(
        lambda: clients.sqs.get_queue_attributes(QueueUrl=subscribed.url, AttributeNames=["All"])
    )
    waiting = attributes["Attributes"]
    assert waiting["ApproximateNumberOfMessages"] == waiting["ApproximateNumberOfMessagesNotVisible"] == "0"


async def test_doubled_notice_comes_at_once_and_again(proxy: AwsProxy, subscribed: Subscribed, strikes: Make) -> None:
    with proxy.suffering(NoticeFault(strikes(Kind.NOTICE_DOUBLED))):
        await subscribed.announce("1")

        assert await subscribed.receive_all(3) == ["1", "1", "1"]


async def test_delayed_notice_comes_when_its_time_has_come(
    proxy: AwsProxy, subscribed: Subscribed, strikes: Make
) -> None:
    times = iter([0.0])
    fault = NoticeFault(strikes(Kind.NOTICE_DELAYED), now=lambda: next(times, 100.0))
    with proxy.suffering(fault):
        await subscribed.announce("1")

        assert await subscribed.receive_all(1) == ["1"]


async def test_overtaken_notice_comes_behind_the_next(proxy: AwsProxy, subscribed: Subscribed, tally: Tally) -> None:
    first_alone = Strikes(Kind.NOTICE_REORDERED, tally=tally, chance=random.Random(1), share=0.0)
    with proxy.suffering(NoticeFault(first_alone)):
        await subscribed.announce("1")
        while not tally.counts[Kind.NOTICE_REORDERED]:
            await subscribed.receive()
        await subscribed.announce("2")

        assert await subscribed.receive_all(2) == ["2", "1"]


async def test_canaries_are_left_alone(proxy: AwsProxy, subscribed: Subscribed, strikes: Make, tally: Tally) -> None:
    with proxy.suffering(NoticeFault(strikes(Kind.NOTICE_DROPPED))):
        await in_thread(lambda: subscribed.queue.publish('{"canary":"mine","number":1}'))

        assert len(await subscribed.receive_all(1)) == 1

    assert not tally.counts[Kind.NOTICE_DROPPED]


async def test_cut_connection_is_no_answer(proxy: AwsProxy, clients: AwsClients, strikes: Make) -> None:
    fault = dynamodb_fault(strikes(Kind.DYNAMODB_LOSES_ANSWER))

    with proxy.suffering(fault), pytest.raises(BotoCoreError):
        await in_thread(
            lambda: clients.dynamodb.put_item(TableName=f"none-{uuid4().hex}", Item={"workflow_id": {"S": "x"}})
        )
