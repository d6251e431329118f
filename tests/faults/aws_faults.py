"""Injects the faults of AWS: for some seconds into what its callers see, or into AWS itself."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial

from botocore.exceptions import ClientError

from tests.faults.aws_call import AwsFault
from tests.faults.aws_proxy import AwsProxy
from tests.faults.dynamodb_faults import DYNAMODB_FAULTS, dynamodb_fault
from tests.faults.garbage_faults import garbage
from tests.faults.notice_faults import NOTICE_FAULTS, REFUSALS, NoticeFault, refusal
from tests.faults.plan import Kind, Planned
from tests.faults.rubbish import rubbish
from tests.faults.services import StreamServices
from tests.faults.tally import Strikes
from tests.faults.waiting import until_done
from tests.faults.world import STREAMS, World
from tests.support.aws import AwsClients

REFUSED_FOR = 30.0
AWAY_FOR = 10.0
_SOME_SECONDS = (4.0, 10.0)
_SHARE = 0.3
_PATIENCE = 120.0
"""Seconds until a call can be struck, or a queue be taken away: others may refuse, or be replaced, meanwhile."""


class AwsFaults:
    """The faults of AWS."""

    def __init__(
        self,
        world: World,
        *,
        aws: AwsClients,
        services: StreamServices,
        tasks: Mapping[str, AwsProxy],
        writers: Mapping[str, AwsProxy],
    ) -> None:
        self._world = world
        self._aws = aws
        self._services = services
        self._tasks = tasks
        self._all = {**tasks, **writers}

    async def inject(self, planned: Planned) -> bool:
        """Inject a fault, and wait until it is over; False where it is not of AWS."""
        kind = planned.kind
        if kind in _SUFFERED:
            await self._let_suffer(planned)
        elif kind is Kind.NOTICE_POISONED:
            await self._poison(planned)
        elif kind in {Kind.QUEUE_DELETED, Kind.SUBSCRIPTION_REMOVED}:
            await self._take_away(planned)
        else:
            return False
        return True

    async def _let_suffer(self, planned: Planned) -> None:
        """Let calls suffer for a while, and until the first one has."""
        kind, chance = planned.kind, planned.chance
        seconds = {Kind.DYNAMODB_AWAY: AWAY_FOR}.get(kind, REFUSED_FOR if kind in REFUSALS else 0.0)
        share = 1.0 if seconds else _SHARE
        strikes = Strikes(kind, tally=self._world.tally, chance=chance, share=share)
        proxies = list((self._tasks if kind in NOTICE_FAULTS else self._all).values())
        if not seconds and kind in NOTICE_FAULTS:
            proxies = chance.sample(proxies, chance.randint(1, len(proxies)))
        with ExitStack() as suffering:
            for proxy in proxies:
                suffering.enter_context(proxy.suffering(_fault(strikes)))
            await asyncio.sleep(seconds or chance.uniform(*_SOME_SECONDS))
            await strikes.first(_PATIENCE)

    async def _poison(self, planned: Planned) -> None:
        chance = planned.chance
        for _ in range(chance.randint(3, 12)):
            message = rubbish(chance, chance.choice(STREAMS))
            await until_done(partial(self._publish, message), patience=_PATIENCE)
            self._world.tally.count(planned.kind)

    def _publish(self, message: str) -> bool:
        # Unlike AWS, the emulated SNS publishes to nobody while a queue that was deleted is still subscribed.
        with suppress(ClientError):
            self._aws.sns.publish(TopicArn=self._world.system.notice_topic_arn, Message=message)
            return True
        return False

    async def _take_away(self, planned: Planned) -> None:
        """Delete a running service's queue, or its subscription, once it has one."""
        place = planned.chance.randrange(len(self._services.tasks))
        take = self._delete_queue if planned.kind is Kind.QUEUE_DELETED else self._remove_subscription
        # Each time of whichever runs there by then: the one before may have been replaced meanwhile.
        await until_done(lambda: take(self._services.tasks[place].queue_prefix), patience=_PATIENCE)
        self._world.tally.count(planned.kind)

    def _delete_queue(self, prefix: str) -> bool:
        urls = self._aws.sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        for url in urls:
            self._aws.sqs.delete_queue(QueueUrl=url)
        return bool(urls)

    def _remove_subscription(self, prefix: str) -> bool:
        topic = self._world.system.notice_topic_arn
        found = [
            each["SubscriptionArn"]
            for each in self._aws.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
            if each["Endpoint"].rpartition(":")[2].startswith(prefix)
        ]
        for arn in found:
            self._aws.sns.unsubscribe(SubscriptionArn=arn)
        return bool(found)


_SUFFERED = {*DYNAMODB_FAULTS, *NOTICE_FAULTS, *REFUSALS, Kind.AWS_ANSWERS_GARBAGE}


def _fault(strikes: Strikes) -> AwsFault:
    if strikes.kind is Kind.AWS_ANSWERS_GARBAGE:
        return garbage(strikes)
    if strikes.kind in REFUSALS:
        return refusal(REFUSALS[strikes.kind], strikes)
    return NoticeFault(strikes) if strikes.kind in NOTICE_FAULTS else dynamodb_fault(strikes)
