import httpx
import pytest
from starlette.responses import Response

from stream_service.come_later import come_later

REFUSAL = Response("no", status_code=429)


@pytest.mark.parametrize("path", ["/pipelines/p_a/sse", "/pipelines/no_id/sse"])
async def test_who_wants_a_stream_gets_one_that_ends_and_says_when_to_come_again(path: str) -> None:
    turned_away: list[str] = []
    answer = come_later(path, REFUSAL, turned_away=lambda: turned_away.append(path))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(answer), base_url="http://stream") as client:
        response = await client.get(path)

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream")
    assert response.text.startswith("retry: ")
    assert turned_away == [path]


@pytest.mark.parametrize(
    "path",
    ["/streams/p_a", "/streams/p_a/events", "/sse", "/pipelines/sse", "/pipelines/p_a/b/sse", "/pipelines/p_a/sse/"],
)
def test_who_wants_anything_else_is_refused(path: str) -> None:
    assert come_later(path, REFUSAL) is REFUSAL
