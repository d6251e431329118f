"""What hinders a clear hinders nobody else, and a clear gets through all the same."""

import random

from tailrace.dynamodb import DynamoDBTable
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tests.faults.aws_proxy import aws_proxy
from tests.faults.clears import hindrance
from tests.faults.plan import Kind
from tests.faults.tally import Strikes, Tally
from tests.support.aws import EmulatedAws, aws_clients_of

STREAM = WorkflowId("p_stream")


async def test_clear_alone_is_hindered_and_succeeds(emulated_aws: EmulatedAws, event_log_table_name: str) -> None:
    tally = Tally()
    strikes = Strikes(Kind.CLEAR_HINDERED, tally=tally, chance=random.Random(1), share=0.3)
    async with aws_proxy(emulated_aws.endpoint_url) as proxy:
        clients = aws_clients_of(EmulatedAws(endpoint_url=proxy.url))
        log = EventLog(table=DynamoDBTable(client=clients.dynamodb, table_name=event_log_table_name))

        with proxy.suffering(hindrance(strikes)):
            for number in range(5):
                await log.append(STREAM, [Event.of("a", number)], batch_id=str(number))
            assert not tally.counts
            await log.clear(STREAM, batch_id="clear")

        assert tally.counts[Kind.CLEAR_HINDERED] > 0
        assert all(batch.cleared for batch in (await log.read(STREAM, 1)).batches)
