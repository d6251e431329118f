"""What `tailrace dev` is to run, and where; and what it is called in emulated AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import socket

from cli.ports import HOST, port_of
from cli.preparation import PreparedAws, prepare_aws
from cli.running_system import RunningSystem
from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import first_key

EVENT_LOG_TABLE = "EventLog"
IDEMPOTENCY_TABLE = "Idempotency"
NOTICE_TOPIC = "TailraceNotices"
API_KEY_SECRET = "TailraceApiKeys"  # noqa: S105 - a name
TOKEN_SECRET = "TailraceTokenKeys"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to run, and where."""

    api_listener: socket
    stream_port: int
    aws_listener: socket | None
    """None where another emulator is used."""
    aws_endpoint_url: str
    api_key: str
    workflows: Path
    environment: Mapping[str, str]
    takes_tokens: bool
    """Whether following a stream takes a token."""

    def prepare(self) -> PreparedAws:
        """Make what the services need of AWS."""
        return prepare_aws(
            event_log_table=EVENT_LOG_TABLE,
            idempotency_table=IDEMPOTENCY_TABLE,
            notice_topic=NOTICE_TOPIC,
            api_key_secret=API_KEY_SECRET,
            api_keys=KeyRing((first_key(self.api_key, created_at=datetime.now(UTC)),)),
            token_secret=TOKEN_SECRET if self.takes_tokens else None,
        )

    def system(self, aws: PreparedAws) -> RunningSystem:
        """Where everything is found, once AWS is prepared."""
        return RunningSystem(
            api_url=f"http://{HOST}:{port_of(self.api_listener)}",
            stream_url=f"http://{HOST}:{self.stream_port}",
            aws_endpoint_url=self.aws_endpoint_url,
            api_key=self.api_key,
            api_key_secret=aws.api_key_secret,
            event_log_table=EVENT_LOG_TABLE,
            notice_topic_arn=aws.notice_topic_arn,
            idempotency_table=IDEMPOTENCY_TABLE,
            token_secret=aws.token_secret,
        )
