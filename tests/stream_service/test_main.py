"""`python -m stream_service`, as a platform runs it."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from cli.ports import HOST
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.rim import eventually
from tests.support.stream_process import (
    environment_of,
    events_of,
    exit_code,
    expect,
    interrupt,
    readiness,
    silent_server,
    stream_service,
)
from tests.support.streams import StreamClient, follow, stream_url
from tests.support.target_group import GROUP_ARN

Environment = dict[str, str]


@pytest.fixture
def environment(emulated_aws: EmulatedAws, event_log_table_name: str, notice_topic_arn: str) -> Environment:
    return environment_of(
        endpoint_url=emulated_aws.endpoint_url, table=event_log_table_name, topic_arn=notice_topic_arn
    )


def nothing_is_left(aws: AwsClients, topic_arn: str) -> bool:
    """Whether no queue and no subscription of a topic are there."""
    urls = aws.sqs.list_queues().get("QueueUrls", [])
    tags = [aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {}) for url in urls]
    subscriptions = aws.sns.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    return not subscriptions and not [each for each in tags if each.get("tailrace:topic") == topic_arn]


def run(environment: Environment) -> "subprocess.CompletedProcess[str]":
    """Run a service that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "stream_service"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@asynccontextmanager
async def scripted_service(script: str, environment: Environment) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a service behind some lines of Python, which may break something, until the context ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{script}\nimport runpy\nrunpy.run_module('stream_service', run_name='__main__')",
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def listens(environment: Environment) -> bool:
    """Whether a service takes connections."""
    with suppress(OSError), socket.create_connection((HOST, int(environment["TAILRACE_PORT"]))):
        return True
    return False


# --- the environment


def test_wrong_settings_are_all_told_at_once_in_words(environment: Environment) -> None:
    del environment["TAILRACE_EVENT_LOG_TABLE"]
    environment |= {"TAILRACE_PORT": "http", "TAILRACE_NOTICE_TOPIC_ARN": "notices", "TAILRACE_DRAIN_SECONDS": "99"}

    ended = run(environment)

    assert ended.returncode == 2
    assert ended.stdout == ""
    complaints = dict(line.split(": ", 1) for line in ended.stderr.splitlines())
    assert set(complaints) == {
        "TAILRACE_EVENT_LOG_TABLE",
        "TAILRACE_PORT",
        "TAILRACE_NOTICE_TOPIC_ARN",
        "TAILRACE_DRAIN_SECONDS",
    }
    assert complaints["TAILRACE_EVENT_LOG_TABLE"] == "is not set"


def test_missing_region_is_told_in_words(environment: Environment) -> None:
    del environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]

    ended = run(environment)

    assert ended.returncode == 2
    assert ended.stderr.splitlines() == ["AWS: You must specify a region."]


def test_target_of_a_load_balancer_outside_ecs_is_told_in_words(environment: Environment) -> None:
    environment["TAILRACE_TARGET_GROUP_ARN"] = GROUP_ARN

    ended = run(environment)

    assert ended.returncode == 2
    assert ended.stderr.startswith("TAILRACE_TARGET_GROUP_ARN: The task's address is ECS's to tell")


def test_port_that_is_taken_ends_the_service_and_leaves_nothing(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        holder.listen()
        environment["TAILRACE_PORT"] = str(holder.getsockname()[1])

        ended = run(environment)

    assert ended.returncode not in {0, 2}
    assert "address already in use" in ended.stdout
    assert nothing_is_left(aws_clients, notice_topic_arn)


# --- ready, and the end


async def test_service_is_ready_and_a_signal_ends_it_and_leaves_nothing(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async with stream_service(environment) as service:
        assert not nothing_is_left(aws_clients, notice_topic_arn)

        interrupt(service)
        assert await exit_code(service) == 0

    assert nothing_is_left(aws_clients, notice_topic_arn)
    assert events_of(service)[-1] == f"Finished server process [{service.child.pid}]"
    with pytest.raises(ConnectionRefusedError):
        await StreamClient.open(stream_url(service.url, "p_a"))


async def test_signal_while_the_service_is_loaded_ends_it_in_order(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "importtime", "-m", "stream_service"),  # tells of each module that it has loaded
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    told, loaded = asyncio.create_task(process.stdout.read()), process.stderr
    try:
        while b" uvloop\n" not in (line := await asyncio.wait_for(loaded.readline(), 60)):
            assert line, "It ended before it was loaded."
        process.terminate()
        rest = asyncio.create_task(loaded.read())
        await asyncio.wait((asyncio.create_task(process.wait()),), timeout=60)
    finally:
        if process.returncode is None:
            process.kill()

    output = (await told).decode()
    assert process.returncode == 0, output + (await rest).decode()[-2000:]
    assert nothing_is_left(aws_clients, notice_topic_arn)


async def test_signal_while_the_service_is_made_ends_it_in_order(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    asked, terminated = asyncio.Event(), asyncio.Event()

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await terminated.wait()
        writer.write(b'HTTP/1.0 200 OK\r\n\r\n{"TaskARN": "arn:aws:ecs:us-east-1:123456789012:task/c/stopped"}')
        writer.close()

    async with await asyncio.start_server(tell, HOST, 0) as ecs:
        host, port = ecs.sockets[0].getsockname()
        told = {"ECS_CONTAINER_METADATA_URI_V4": f"http://{host}:{port}", "no_proxy": HOST}
        async with scripted_service("", environment | told) as process:
            await asyncio.wait_for(asked.wait(), 60)
            process.terminate()
            terminated.set()
            await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0
    assert nothing_is_left(aws_clients, notice_topic_arn)


async def test_second_signal_hurries_and_still_ends_streams_politely(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async with stream_service(environment | {"TAILRACE_DRAIN_SECONDS": "45"}) as service:
        clients = [await StreamClient.open(stream_url(service.url, "p_a")) for _ in range(30)]
        for client in clients:
            await client.next()
        interrupt(service)
        await _until_draining(service.url)
        assert readiness(service) == "draining"

        interrupt(service, signal.SIGINT)
        assert await exit_code(service) == 0
        for client in clients:
            await client.until_end()
            assert client.ended
            client.cut()

    assert nothing_is_left(aws_clients, notice_topic_arn)
    assert not [line for line in service.output if "Traceback" in line]


async def test_signal_after_signal_ends_the_service_soon_and_leaves_nothing(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async with (
        stream_service(environment | {"TAILRACE_DRAIN_SECONDS": "45"}) as service,
        follow(service.url, "p_a") as client,
    ):
        await client.next()
        async with asyncio.timeout(45):
            while service.child.exit_code is None:
                interrupt(service)
                await asyncio.sleep(0.02)

    assert service.child.exit_code == 0, "\n".join(service.output)
    assert nothing_is_left(aws_clients, notice_topic_arn)


async def test_stream_that_comes_during_the_drain_is_asked_to_come_again(environment: Environment) -> None:
    async with stream_service(environment | {"TAILRACE_DRAIN_SECONDS": "45"}) as service:
        clients = [await StreamClient.open(stream_url(service.url, "p_a")) for _ in range(3)]
        interrupt(service)
        await _until_draining(service.url)

        async with follow(service.url, "p_a") as late:
            await late.until_end()
            assert (late.status, late.raw) == (200, f"retry: {late.parser.retry}\n".encode())
            assert late.ended

        interrupt(service)
        assert await exit_code(service) == 0
        for client in clients:
            client.cut()


async def test_service_that_cannot_reach_aws_starts_and_ends_all_the_same(environment: Environment) -> None:
    environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    async with stream_service(environment, status="starting") as service:
        await expect(service, "it complained", lambda: "feed_not_opened" in events_of(service))
        async with follow(service.url, "p_a") as client:
            assert client.status == 200
            interrupt(service)
            await client.until_end()
            assert client.ended

            assert await exit_code(service) == 0


async def test_service_ends_in_time_also_where_aws_does_not_answer(environment: Environment) -> None:
    with silent_server() as silence:
        environment["AWS_ENDPOINT_URL"] = silence
        async with (
            stream_service(environment, status="starting") as service,
            follow(service.url, "p_a") as client,
        ):
            assert client.raw == b""
            interrupt(service)
            await client.until_end()
            assert client.ended

            assert await exit_code(service) == 0


async def test_part_that_dies_takes_the_service_with_it(environment: Environment) -> None:
    async with scripted_service("import stream_service.heart as it; it.TICK_SECONDS = 'never'", environment) as process:
        _, errors = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 1
    assert b"TypeError" in errors


async def test_defect_behind_the_first_clients_of_many_takes_the_service_with_it(environment: Environment) -> None:
    broken = """
import stream_service.subscription as subscription, stream_service.turns as turns
turns.CLIENTS_AT_ONCE = 1
told = []
def keep_alive(self, now):
    if now in told:
        raise RuntimeError("a defect")
    told.append(now)
subscription.Subscription.keep_alive = keep_alive
"""
    url = f"http://{HOST}:{environment['TAILRACE_PORT']}"

    async with scripted_service(broken, environment | {"TAILRACE_KEEPALIVE_SECONDS": "0.1"}) as process:
        await eventually(lambda: listens(environment))
        clients = [await StreamClient.open(stream_url(url, "p_a")) for _ in range(2)]
        _, errors = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 1
    assert b"RuntimeError: a defect" in errors
    for client in clients:
        client.cut()


# --- readiness


async def test_service_whose_subscription_is_removed_is_degraded_and_heals_itself(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async with stream_service(environment | {"TAILRACE_CANARY_SECONDS": "0.3"}) as service:
        (subscription,) = aws_clients.sns.list_subscriptions_by_topic(TopicArn=notice_topic_arn)["Subscriptions"]
        aws_clients.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

        await expect(service, "it noticed", lambda: "feed_degraded" in events_of(service))
        assert readiness(service) in {"degraded", "ready"}  # and never un-ready
        # A renewal that had begun may still log behind that.
        moods = {"feed_degraded", "feed_works"}
        await expect(service, "it healed", lambda: [e for e in events_of(service) if e in moods][-1] == "feed_works")

        (healed,) = aws_clients.sns.list_subscriptions_by_topic(TopicArn=notice_topic_arn)["Subscriptions"]
        assert healed["Endpoint"] == subscription["Endpoint"]
        assert readiness(service) == "ready"


async def test_service_whose_queue_is_deleted_makes_another(
    environment: Environment, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async with stream_service(environment) as service:
        (subscription,) = aws_clients.sns.list_subscriptions_by_topic(TopicArn=notice_topic_arn)["Subscriptions"]
        name = subscription["Endpoint"].rpartition(":")[2]
        aws_clients.sqs.delete_queue(QueueUrl=aws_clients.sqs.get_queue_url(QueueName=name)["QueueUrl"])

        await expect(service, "it made another", lambda: events_of(service).count("feed_opened") == 2)
        (renewed,) = aws_clients.sns.list_subscriptions_by_topic(TopicArn=notice_topic_arn)["Subscriptions"]

        assert renewed["Endpoint"] == f"{subscription['Endpoint']}-2"
        assert readiness(service) in {"ready", "degraded"}
        interrupt(service)
        assert await exit_code(service) == 0
    assert nothing_is_left(aws_clients, notice_topic_arn)


async def _until_draining(url: str) -> None:
    async with asyncio.timeout(45), httpx.AsyncClient(trust_env=False) as client:
        while (await client.get(f"{url}/readyz")).json()["status"] != "draining":  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.01)


async def test_logs_are_lines_of_json(environment: Environment) -> None:
    async with stream_service(environment) as service:
        pass

    assert service.output
    assert all(line.startswith("{") and line.endswith("}") for line in service.output)
