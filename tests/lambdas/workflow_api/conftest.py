from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.clearing import Clearing
from lambdas.workflow_api.function import Function
from lambdas.workflow_api.invocation import InvokeLater, NotAccepted
from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import ApiKey
from lambdas.workflow_api.limits import Limits
from lambdas.workflow_api.metrics import NoMetrics, RunMetrics
from lambdas.workflow_api.mint import Mint
from lambdas.workflow_api.once import Once
from lambdas.workflow_api.records import RecordTable
from lambdas.workflow_api.runs import Runs
from lambdas.workflow_api.settings import Pages
from tailrace.event import WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.notice import Notifier
from tailrace.refreshed import Refreshed
from tailrace.table import Table
from tailrace.tokens import SharedKeys
from tailrace.workflow import ImportFailure, OnError, Registry, Workflow
from tests.lambdas.workflow_api.counts import InMemoryRequestCounts
from tests.lambdas.workflow_api.gateway import KEY, Gateway, LambdaContext
from tests.lambdas.workflow_api.records import InMemoryRecordTable
from tests.support.aws import AwsClients
from tests.support.keys import keep_ring, ring_of

STREAM_URL = "https://d111.cloudfront.net"


class FixedKeys:
    """`Keys` that never change."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def find(self, key: bytes) -> ApiKey | None:
        return self._ring.find(key)

    @property
    def empty(self) -> bool:
        return self._ring == KeyRing()


@dataclass(kw_only=True)
class Api:
    """The function on a log in memory, with the workflows of one test."""

    table: Table = field(default_factory=InMemoryTable)
    notifier: Notifier = field(default_factory=InMemoryNotifier)
    failures: tuple[ImportFailure, ...] = ()
    later: list[dict[str, Any]] = field(default_factory=list)
    refuses_later: bool = False
    workflows: dict[WorkflowId, Workflow] = field(default_factory=dict)
    patience: float = 20.0
    records: RecordTable = field(default_factory=InMemoryRecordTable)
    now: float = 1_800_000_000.0
    """By the clock of the records, and of the limits: a minute begins."""
    token_keys: Refreshed[SharedKeys] | None = None
    pages: Pages = field(default_factory=Pages)
    ring: KeyRing = field(default_factory=lambda: ring_of(KEY))
    counts: InMemoryRequestCounts = field(default_factory=InMemoryRequestCounts)
    requests_per_address: int = 600
    origin_key: str | None = None

    def __post_init__(self) -> None:
        self.function = self.make_function(invoke_later=self.invoke_later)

    def make_function(self, *, invoke_later: InvokeLater, metrics: RunMetrics | None = None) -> Function:
        log = EventLog(table=self.table, patience=self.patience)
        return Function(
            registry=Registry(self.workflows, self.failures),
            runs=Runs(log=log, notifier=self.notifier, metrics=metrics or NoMetrics()),
            once=Once(table=self.records, log=log, now=lambda: self.now),
            answers=Answers(stream_url=STREAM_URL),
            keys=FixedKeys(self.ring),
            limits=Limits(
                counts=self.counts,
                requests_per_address=self.requests_per_address,
                metrics=metrics or NoMetrics(),
                now=lambda: self.now,
            ),
            clearing=Clearing(log=log, notifier=self.notifier),
            mint=Mint(self.token_keys, now=lambda: self.now),
            pages=self.pages,
            origin_key=self.origin_key,
            invoke_later=invoke_later,
        )

    def add(self, id: str, *, on_error: OnError = "flush", public: bool = False) -> Workflow:  # noqa: A002 (as an author calls it)
        workflow = Workflow(id, on_error=on_error, public=public)
        self.workflows[workflow.id] = workflow
        return workflow

    def gateway(
        self, *, key: str | None = KEY, remaining_milliseconds: int = 30_000, waited_seconds: float = 0.0
    ) -> Gateway:
        context = LambdaContext(remaining_milliseconds=remaining_milliseconds)
        return Gateway(handler=self.function, key=key, context=context, waited_seconds=waited_seconds)

    def invoke_later(self, event: Mapping[str, Any]) -> None:
        if self.refuses_later:
            raise NotAccepted("1000 asynchronous runs are waiting.")
        self.later.append(dict(event))


@pytest.fixture
def names_in_aws(
    aws_clients: AwsClients, event_log_table_name: str, idempotency_table_name: str, notice_topic_arn: str
) -> dict[str, str]:
    """The variables that name what the function uses of emulated AWS, new and empty."""
    return {
        "TAILRACE_API_KEY_SECRET_ARN": keep_ring(aws_clients.secretsmanager, ring_of(KEY)),
        "TAILRACE_EVENT_LOG_TABLE": event_log_table_name,
        "TAILRACE_IDEMPOTENCY_TABLE": idempotency_table_name,
        "TAILRACE_NOTICE_TOPIC_ARN": notice_topic_arn,
    }


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def gateway(api: Api) -> Gateway:
    return api.gateway()
