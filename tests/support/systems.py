"""What a system needs of emulated AWS, new and empty, before any service of it runs."""

from uuid import uuid4

from cli.running_system import RunningSystem
from cli.tables import create_event_log_table, create_idempotency_table
from lambdas.workflow_api.key_ring import KeyRing
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.keys import keep_ring, ring_of
from tests.support.services import API_KEY


def new_system(aws: EmulatedAws, clients: AwsClients, *, api_keys: KeyRing | None = None) -> RunningSystem:
    """Make tables, a topic and the secret with the API's keys; streams are public."""
    table, idempotency_table = f"EventLog-{uuid4().hex}", f"Idempotency-{uuid4().hex}"
    create_event_log_table(clients.dynamodb, table)
    create_idempotency_table(clients.dynamodb, idempotency_table)
    return RunningSystem(
        api_url="",
        stream_url="",
        aws_endpoint_url=aws.endpoint_url,
        api_key=API_KEY,
        api_key_secret=keep_ring(clients.secretsmanager, api_keys or ring_of(API_KEY)),
        event_log_table=table,
        idempotency_table=idempotency_table,
        notice_topic_arn=clients.sns.create_topic(Name=f"notices-{uuid4().hex}")["TopicArn"],
    )
