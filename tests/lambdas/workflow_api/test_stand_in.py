"""What the API answers in the place of a stream service that is away."""

import re

from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Gateway

SSE = "/pipelines/p_hello/sse"


def test_a_client_is_told_when_to_come_back_and_needs_no_key(api: Api) -> None:
    answer = Gateway(handler=api.function, key=None).get(SSE)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-store, no-transform"
    retry = re.fullmatch(r"retry: ([0-9]+)\n", answer.body.decode())
    assert retry
    assert 15_000 <= int(retry[1]) <= 45_000


def test_clients_come_back_at_different_times(api: Api) -> None:
    client = Gateway(handler=api.function, key=None)

    assert len({client.get(SSE).body for _ in range(10)}) > 1


def test_a_page_elsewhere_may_read_it_so_that_its_eventsource_stays_open(api: Api) -> None:
    answer = Gateway(handler=api.function, key=None).get(SSE, origin="https://shop.example")

    assert answer.headers["access-control-allow-origin"] == "*"


def test_everything_else_still_asks_for_the_key(api: Api) -> None:
    client = Gateway(handler=api.function, key=None)

    assert client.get("/pipelines").status == 401
    assert client.post(SSE).status in {401, 405}
