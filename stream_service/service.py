"""The object graph of the stream service, and its life: everything runs until one part dies or a signal comes."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stream_service import heart, trail
from stream_service.api import Door, create_app
from stream_service.drain import Drain
from stream_service.feed import Feed
from stream_service.guard import Guard
from stream_service.history import History
from stream_service.hub import Hub
from stream_service.lags import Lags
from stream_service.metrics import ServiceMetrics
from stream_service.pacer import Pacer
from stream_service.pulse import Pulse
from stream_service.queue import Queue, sns_client, sqs_client
from stream_service.reader import Reader
from stream_service.report import Report
from stream_service.server import DrainingServer, make_server
from stream_service.settings import Settings
from stream_service.shares import Shares
from stream_service.stop_signals import StopSignals
from stream_service.sweeper import Sweeper
from stream_service.target import Target, TargetWatch, balancers_client
from stream_service.token_keys import token_keys
from stream_service.unwritten import Delivered
from tailrace.dynamodb import DynamoDBTable, dynamodb_client
from tailrace.log_reader import LogReader
from tailrace.notice import Canary, Notice

if TYPE_CHECKING:
    from stream_service.spans import TaskSpans

SILENCE_MARGIN_SECONDS = 15.0
"""A client that does not read is the hub's to cut, and to count; the kernel finds those that went without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts that run."""

    settings: Settings
    hub: Hub
    reader: Reader
    pacer: Pacer
    feed: Feed
    sweeper: Sweeper
    canaries: heart.Canaries
    drain: Drain
    report: Report | None
    """None where nobody asked for one."""
    target_watch: TargetWatch | None
    """None where no load balancer is in front."""
    server: DrainingServer
    spans: "TaskSpans | None"
    """None where nobody traces."""

    async def run(self, stop_signals: StopSignals) -> None:
        """Serve until a signal has drained the service; a part that dies takes the others with it."""
        async with asyncio.TaskGroup() as parts:
            others = [
                parts.create_task(self._drain_and_stop(stop_signals)),
                parts.create_task(self.reader.run()),
                parts.create_task(self.pacer.run()),
                parts.create_task(self.feed.run()),
                parts.create_task(self.canaries.run()),
                parts.create_task(self.sweeper.run()),
                parts.create_task(heart.tick(self.hub)),
                parts.create_task(heart.keep_alive(self.hub, every=self.settings.keepalive_seconds)),
            ]
            if self.report is not None:
                others.append(parts.create_task(self.report.run(every=self.settings.metrics_seconds)))
            if self.target_watch is not None:
                others.append(parts.create_task(self.target_watch.run()))
            try:
                await self.server.serve()
            finally:
                if self.report is not None:
                    self.report.write()  # how the last streams ended
                for other in others:
                    other.cancel()
                await self.reader.close()
                await self.feed.close()
                if self.spans is not None:
                    await asyncio.to_thread(self.spans.close)

    async def _drain_and_stop(self, stop_signals: StopSignals) -> None:
        # Tasks begin when the server has its own handlers: a signal is either remembered by now, or heard by those.
        if stop_signals.heard:
            self.drain.hear_signal()
        await self.drain.run()
        self.server.should_exit = True


def make_service(settings: Settings, *, task: str, address: str | None = None) -> Service:
    """Make every part, once; call it in the event loop that they will run in.

    `address` is the one that a load balancer has this task's target under.
    """
    log = LogReader(
        table=DynamoDBTable(client=dynamodb_client(), table_name=settings.event_log_table),
        retention=settings.retention,
    )
    reader = Reader(log)
    pacer = Pacer(every=settings.pass_milliseconds / 1000)
    lags = Lags()
    spans = _spans(settings)

    def delivered(batch: Delivered) -> None:
        trail.tell_delivery(batch, seconds=lags.delivered(batch.recorded_at))
        if spans is not None:
            spans.delivered(batch)

    hub = Hub(ask=reader.ask, bounds=settings.bounds, due=pacer.due, spread=pacer.spread, delivered=delivered)
    pulse = Pulse()
    sweeper = Sweeper(hub, pulse, pace=settings.pace, underway=lambda: reader.sweeps)
    queue = Queue(
        sqs=sqs_client(receivers=settings.receivers),
        sns=sns_client(),
        topic_arn=settings.notice_topic_arn,
        name=f"{settings.queue_prefix}{task}",
    )

    def deliver(notice: Notice | Canary) -> None:
        if isinstance(notice, Canary):
            canaries.came_back(notice)
        else:
            lags.heard(notice.recorded_at)
            trail.tell_notice(notice)
            hub.offer(notice)

    feed = Feed(queue, deliver=deliver, in_doubt=sweeper.all_in_doubt, receivers=settings.receivers)
    canaries = heart.Canaries(
        pulse,
        task=task,
        every=settings.canary_seconds,
        opened=feed.opened,
        publish=queue.publish,
        renew=feed.renew,
        measure=lags.canary_returned,
    )
    shares = Shares(settings)
    metrics = ServiceMetrics(hub=hub, reader=reader, feed=feed, pulse=pulse, lags=lags, shares=shares)
    door = Door(hub)
    guard = Guard(token_keys(settings) if settings.stream_access == "token" else None)
    app = create_app(
        hub=hub,
        history=History(reader),
        door=door,
        guard=guard,
        shares=shares,
        pulse=pulse,
        registry=metrics.registry,
        settings=settings,
    )
    if spans is not None:
        spans.record_requests(app)
    drain = Drain(hub, door, over=settings.drain_seconds)
    return Service(
        settings=settings,
        hub=hub,
        reader=reader,
        pacer=pacer,
        feed=feed,
        sweeper=sweeper,
        canaries=canaries,
        drain=drain,
        report=_report(metrics, settings, task),
        target_watch=_make_target_watch(settings, drain, address),
        server=make_server(
            app,
            host=settings.host,
            port=settings.port,
            request_seconds=settings.request_seconds,
            silence_seconds=settings.slow_client_seconds + SILENCE_MARGIN_SECONDS,
            take_over=settings.take_over,
            on_signal=drain.hear_signal,
        ),
        spans=spans,
    )


def _spans(settings: Settings) -> "TaskSpans | None":
    if settings.traces == "off":
        return None
    from stream_service.spans import TaskSpans  # noqa: PLC0415 - OpenTelemetry is loaded where it is used

    return TaskSpans()


def _report(metrics: ServiceMetrics, settings: Settings, task: str) -> Report | None:
    if settings.metrics_namespace is None:
        return None
    return Report(metrics, namespace=settings.metrics_namespace, task=task)


def _make_target_watch(settings: Settings, drain: Drain, address: str | None) -> TargetWatch | None:
    if settings.target_group_arn is None or address is None:
        return None
    target = Target(
        balancers=balancers_client(), group_arn=settings.target_group_arn, address=address, port=settings.port
    )
    return TargetWatch(target, every=settings.target_check_seconds, let_go=drain.begin)
