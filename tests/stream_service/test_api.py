import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from stream_service.counts import End
from stream_service.pulse import DEGRADED_AFTER, READY_AFTER
from stream_service.sse import CONTENT_TYPE
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url

HEADERS = {
    "content-type": CONTENT_TYPE,
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
ORIGIN = "https://page.example"

pytestmark = pytest.mark.usefixtures("path")


@pytest.fixture
async def rim() -> Rim:
    return Rim()


@pytest.fixture
async def url(rim: Rim) -> AsyncIterator[str]:
    async with serving(rim.app) as (url, _):
        yield url


async def ask(
    method: str, url: str, *, origin: str | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.request(
            method, url, headers={**(headers or {}), **({"Origin": origin} if origin is not None else {})}
        )


# --- a stream's beginning


async def test_stream_has_the_headers_that_proxies_and_browsers_need(url: str) -> None:
    async with follow(url, "p_a", headers={"Accept-Encoding": "gzip, br"}) as client:
        assert client.status == 200
        assert {name: client.headers.get(name) for name in HEADERS} == HEADERS
        assert client.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in client.headers
        assert "content-encoding" not in client.headers


async def test_empty_stream_begins_with_retry_and_an_id_to_come_back_with(url: str) -> None:
    async with follow(url, "p_a") as client:
        frame = await client.next()

        assert (frame.event, frame.id, json.loads(frame.data)) == ("$sync", "0-0", {"head": "0-0", "live": True})
        assert client.raw.startswith(b"retry: ")
        assert client.parser.retry is not None
        assert 1000 <= client.parser.retry <= 5000


async def test_clients_are_told_to_come_back_at_different_times(url: str) -> None:
    times = set()
    for _ in range(20):
        async with follow(url, "p_a") as client:
            await client.next()
            times.add(client.parser.retry)

    assert len(times) > 10


async def test_retry_keeps_to_the_settings() -> None:
    rim = Rim(settings=some_settings(retry_from_milliseconds=1234, retry_to_milliseconds=1000))
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()

        assert client.parser.retry == 1234


async def test_event_is_a_frame_with_its_id_last(rim: Rim, url: str) -> None:
    (batch,) = await rim.publish("p_a", {"text": "Zeile\u2028zwei"}, channel="greetings")
    async with follow(url, "p_a") as client:
        await client.next()

        _, frame = client.raw.split(b"\n", 1)
        assert frame == (
            b'event: greetings\ndata: {"text":"Zeile\\u2028zwei"}\nid: ' + str(batch.last_id).encode() + b"\n\n"
        )


# --- what a client may wish


async def test_newest_hundred_are_replayed_and_then_what_is_new(rim: Rim, url: str) -> None:
    await rim.publish("p_a", *range(150))
    async with follow(url, "p_a") as client:
        await client.until(100)
        await rim.publish("p_a", 150, 151)
        await client.until(102)

        assert client.payloads == list(range(50, 152))


@pytest.mark.parametrize(("replay", "first"), [(1, 149), (0, 150), (1000, 0)])
async def test_replay_says_how_many(rim: Rim, url: str, replay: int, first: int) -> None:
    await rim.publish("p_a", *range(150))
    async with follow(url, "p_a", query={"replay": replay}) as client:
        await client.next()
        await rim.publish("p_a", 150)
        await client.until(151 - first)

        assert client.payloads == list(range(first, 151))


@pytest.mark.parametrize("name", ["last_event_id", "lastEventId"])
async def test_cursor_is_taken_from_the_query_too(rim: Rim, url: str, name: str) -> None:
    (batch,) = await rim.publish("p_a", *range(10))
    async with follow(url, "p_a", query={name: f"{batch.generation}-7"}) as client:
        await client.until(3)

        assert client.payloads == [7, 8, 9]


async def test_header_beats_the_query(rim: Rim, url: str) -> None:
    (batch,) = await rim.publish("p_a", *range(10))
    stale = {"last_event_id": f"{batch.generation}-2", "lastEventId": f"{batch.generation}-1"}
    async with follow(url, "p_a", last_event_id=f"{batch.generation}-8", query=stale) as client:
        await client.until(2)

        assert client.payloads == [8, 9]


async def test_empty_header_is_no_cursor(rim: Rim, url: str) -> None:
    (batch,) = await rim.publish("p_a", *range(10))
    async with follow(url, "p_a", last_event_id="", query={"lastEventId": f"{batch.generation}-9"}) as client:
        await client.until(1)

        assert client.payloads == [9]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "-1", "x" * 5000, "99999999999999999999-1", "a-b-c", "\xe9-1", "1-999999"]
)
async def test_cursor_that_is_none_gets_a_gap_and_the_newest(rim: Rim, url: str, cursor: str) -> None:
    await rim.publish("p_a", *range(3))
    async with follow(url, "p_a", last_event_id=cursor) as client:
        gap = await client.next()
        await client.until(3)

        assert client.status == 200
        assert gap.event == "$gap"
        assert json.loads(gap.data)["reason"] == "unknown"
        assert json.loads(gap.data)["requested"] == cursor[:128]
        assert client.payloads == [0, 1, 2]


async def test_channels_are_chosen(rim: Rim, url: str) -> None:
    for number in range(6):
        await rim.publish("p_a", number, channel="abc"[number % 3])
    async with follow(url, "p_a", query={"channel": ["a", "c"]}) as client:
        await client.until(4)

        assert client.payloads == [0, 2, 3, 5]


async def test_control_events_are_sent_to_those_who_ask(rim: Rim, url: str) -> None:
    await rim.publish("p_a", 1)
    async with follow(url, "p_a", query={"control": 1}) as client:
        event, sync = await client.take(2)

        assert (event.event, sync.event) == ("c", "$sync")
        assert sync.id == event.id


# --- what is refused before a stream begins


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/pipelines/hello/sse", "workflow_id"),
        ("/pipelines/p_/sse", "workflow_id"),
        (f"/pipelines/p_{'x' * 65}/sse", "workflow_id"),
        ("/pipelines/p_a.b/sse", "workflow_id"),
        ("/pipelines/p_a/sse?replay=-1", "replay"),
        ("/pipelines/p_a/sse?replay=1001", "replay"),
        ("/pipelines/p_a/sse?replay=many", "replay"),
        ("/pipelines/p_a/sse?channel=a&channel=", "channel.1"),
        (f"/pipelines/p_a/sse?{'&'.join(['channel=a'] * 65)}", "channel"),
        ("/pipelines/p_a/sse?control=maybe", "control"),
    ],
)
async def test_wrong_wish_is_explained(rim: Rim, url: str, path: str, named: str) -> None:
    answer = await ask("GET", url + path)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(answer.json()["detail"]).startswith(f"{named}: ")
    assert rim.hub.streams == 0


@pytest.mark.parametrize("path", ["/", "/pipelines", "/pipelines/p_a", "/pipelines/p_a/sse/", "/docs"])
async def test_unknown_path_is_404_and_never_a_redirect(url: str, path: str) -> None:
    assert (await ask("GET", url + path)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_other_methods_are_refused(url: str, method: str) -> None:
    answer = await ask(method, stream_url(url, "p_a"))

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


async def test_head_answers_with_the_headers_alone(rim: Rim, url: str) -> None:
    answer = await ask("HEAD", stream_url(url, "p_a"))

    assert answer.status_code == 200
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.content == b""
    assert rim.hub.streams == 0


async def test_head_of_a_malformed_stream_is_refused_like_the_stream(url: str) -> None:
    assert (await ask("HEAD", stream_url(url, "hello"))).status_code == 422


async def test_options_answers_at_once(url: str) -> None:
    answer = await ask("OPTIONS", stream_url(url, "p_a"))

    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


# --- no room


async def test_client_over_the_cap_is_asked_to_come_again() -> None:
    rim = Rim(settings=some_settings(max_connections=2))
    async with serving(rim.app) as (url, _), follow(url, "p_a") as one, follow(url, "p_b") as two:
        await one.next()
        await two.next()
        async with follow(url, "p_a") as third:
            await third.until_end()

            assert third.status == 200
            assert third.headers["content-type"] == CONTENT_TYPE
            assert third.raw == f"retry: {third.parser.retry}\n".encode()
            assert 15_000 <= (third.parser.retry or 0) <= 45_000
            assert third.ended
        assert rim.hub.connections == 2


async def test_client_over_the_cap_of_its_stream_is_asked_to_come_again_and_others_are_not() -> None:
    rim = Rim(settings=some_settings(max_stream_connections=1))
    async with serving(rim.app) as (url, _), follow(url, "p_a") as one:
        await one.next()
        async with follow(url, "p_a") as second, follow(url, "p_b") as other:
            await second.until_end()

            assert second.status == 200
            assert second.raw == f"retry: {second.parser.retry}\n".encode()
            assert 15_000 <= (second.parser.retry or 0) <= 45_000
            assert second.ended
            assert (await other.next()).event == "$sync"
        assert rim.hub.counts.ended[End.FULL] == 1


async def test_place_that_a_client_has_left_is_free_again() -> None:
    rim = Rim(settings=some_settings(max_connections=1))
    async with serving(rim.app) as (url, _):
        async with follow(url, "p_a") as one:
            await one.next()
        await eventually(lambda: rim.hub.connections == 0)

        async with follow(url, "p_a") as two:
            assert (await two.next()).event == "$sync"


async def test_draining_service_asks_to_come_again(rim: Rim, url: str) -> None:
    rim.door.draining = True
    async with follow(url, "p_a") as client:
        await client.until_end()

        assert client.status == 200
        assert client.raw == f"retry: {client.parser.retry}\n".encode()
        assert client.ended


# --- the longest age


async def test_stream_ends_politely_at_its_age_and_goes_on_behind_the_last_id() -> None:
    rim = Rim(settings=some_settings(max_stream_age_seconds=0.01))
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await rim.publish("p_a", 1, 2)
        await client.until(2)
        rim.hub.tick(asyncio.get_running_loop().time() + 1)
        await client.until_end()
        assert client.ended

        await rim.publish("p_a", 3)
        async with follow(url, "p_a", last_event_id=client.last_id) as again:
            await again.until(1)
            assert again.payloads == [3]


async def test_streams_that_began_together_end_apart() -> None:
    rim = Rim(settings=some_settings(max_stream_age_seconds=1000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with serving(rim.app) as (url, _):
        clients = [await StreamClient.open(stream_url(url, "p_a")) for _ in range(40)]
        for client in clients:
            await client.next()
        ages = [subscription.aged_at - began for subscription in rim.hub.subscriptions()]

        rim.hub.tick(began + 749)
        assert rim.hub.connections == 40
        rim.hub.tick(loop.time() + 1250)
        await eventually(lambda: rim.hub.connections == 0)
        for client in clients:
            client.cut()

    assert max(ages) - min(ages) > 100


# --- pages elsewhere


async def test_any_page_may_read_without_credentials(url: str) -> None:
    async with follow(url, "p_a", headers={"Origin": ORIGIN}) as client:
        assert client.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in client.headers


async def test_pages_that_are_named_may_read_with_credentials() -> None:
    rim = Rim(settings=some_settings(cors_origins=f"{ORIGIN},https://other.example"))
    async with serving(rim.app) as (url, _):
        async with follow(url, "p_a", headers={"Origin": ORIGIN}) as client:
            assert client.headers["access-control-allow-origin"] == ORIGIN
            assert client.headers["access-control-allow-credentials"] == "true"
            assert client.headers["vary"] == "Origin"

        refused = await ask("GET", stream_url(url, "hello"), origin=ORIGIN)
        assert refused.status_code == 422
        assert refused.headers["access-control-allow-origin"] == ORIGIN
        assert refused.headers["access-control-allow-credentials"] == "true"
        assert refused.headers["vary"] == "Origin"


async def test_other_pages_may_not_read_where_some_are_named() -> None:
    rim = Rim(settings=some_settings(cors_origins=ORIGIN))
    async with serving(rim.app) as (url, _), follow(url, "p_a", headers={"Origin": "https://evil.example"}) as client:
        assert "access-control-allow-origin" not in client.headers


@pytest.mark.parametrize("origins", ["", ORIGIN])
@pytest.mark.parametrize("name", ["Authorization", "Last-Event-ID", "Cache-Control", "traceparent", "tracestate"])
async def test_preflight_admits_what_clients_send(origins: str, name: str) -> None:
    rim = Rim(settings=some_settings(cors_origins=origins))
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": name.lower()}
    async with serving(rim.app) as (url, _):
        answer = await ask("OPTIONS", stream_url(url, "p_a"), origin=ORIGIN, headers=preflight)

    assert answer.status_code == 200
    assert name in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == (origins or "*")


async def test_page_elsewhere_reads_when_it_may_ask_again() -> None:
    rim = Rim(settings=some_settings(streams_per_address=1, requests_per_second=0.001))
    async with serving(rim.app) as (url, _):
        answers = [await ask("GET", f"{url}/streams/p_a/events", origin=ORIGIN) for _ in range(3)]

    assert answers[-1].status_code == 429
    assert answers[-1].headers["access-control-allow-origin"] == "*"
    assert answers[-1].headers["access-control-expose-headers"] == "Retry-After"


# --- for the platform


async def test_process_that_answers_is_healthy(url: str) -> None:
    answer = await ask("GET", f"{url}/healthz")

    assert (answer.status_code, answer.text) == (200, "ok")


async def test_readiness_is_latched_degrades_and_ends_with_the_drain(rim: Rim, url: str) -> None:
    async def readiness() -> tuple[int, str]:
        answer = await ask("GET", f"{url}/readyz")
        return answer.status_code, answer.json()["status"]

    assert await readiness() == (503, "starting")
    for _ in range(READY_AFTER):
        rim.pulse.came_back(rim.pulse.next_number())
    assert await readiness() == (200, "ready")
    for _ in range(DEGRADED_AFTER + 1):
        rim.pulse.next_number()
    assert await readiness() == (200, "degraded")
    rim.pulse.came_back(rim.pulse.next_number())
    assert await readiness() == (200, "ready")
    rim.door.draining = True
    assert await readiness() == (503, "draining")


async def test_metrics_are_in_the_text_format(url: str) -> None:
    async with follow(url, "p_a") as client:
        await client.next()
        answer = await ask("GET", f"{url}/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "tailrace_connections 1.0" in answer.text.splitlines()


async def test_openapi_declares_the_stream(rim: Rim) -> None:
    operation = rim.app.openapi()["paths"]["/pipelines/{workflow_id}/sse"]["get"]

    assert CONTENT_TYPE in operation["responses"]["200"]["content"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {
        "workflow_id",
        "Last-Event-ID",
        "last_event_id",
        "lastEventId",
        "replay",
        "channel",
        "control",
    }


async def test_keepalive_stands_on_a_line_of_its_own(rim: Rim, url: str) -> None:
    async with follow(url, "p_a") as client:
        await client.next()
        rim.hub.keep_alive(asyncio.get_running_loop().time())
        await rim.publish("p_a", 1)
        await client.until(1)

        assert b"\n\n:keepalive\nevent: c\n" in client.raw


async def test_clients_of_one_stream_get_the_same_bytes(rim: Rim, url: str) -> None:
    await rim.publish("p_a", *range(10))
    clients = [await StreamClient.open(stream_url(url, "p_a")) for _ in range(5)]
    for client in clients:
        await client.until(10)
    await rim.publish("p_a", *range(10, 20))
    for client in clients:
        await client.until(20)
        client.cut()

    assert len({client.raw.split(b"\n", 1)[1] for client in clients}) == 1


def test_no_middleware_buffers_the_stream() -> None:
    sources = (Path(__file__).parents[2] / "stream_service").glob("*.py")

    assert not [source for source in sources if "BaseHTTPMiddleware" in source.read_text()]
