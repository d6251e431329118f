"""A token that is sent wherever one can be sent is found nowhere afterwards: in no log, metric, answer or header."""

import logging

import httpx
import pytest

from stream_service.logs import JsonFormatter
from tests.security.streams import PAGE, Request, guarded_service
from tests.support.streams import StreamClient, stream_url
from tests.support.tokens import NOW, claims, signed

pytestmark = pytest.mark.usefixtures("path")

TOKENS = {
    "good": signed(claims(streams=["p_a"])),
    "for another stream": signed(claims(streams=["p_b"])),
    "expired": signed(claims(exp=NOW - 1)),
    "forged": signed(claims(), secret="another secret that is long enough for it"),
    "malformed": "canary." * 3 + "in-pieces",
    "no token at all": "canary-of-a-key",
}


def places(token: str) -> list[Request]:
    """Requests that carry a token in every place where one can be, and in some where none belongs."""
    return [
        Request(headers={"Authorization": f"Bearer {token}"}),
        Request(headers={"Authorization": token}),
        Request(headers={"Cookie": f"tailrace_token={token}"}),
        Request(f"/pipelines/p_a/sse?token={token}"),
        Request(f"/pipelines/p_a/sse?token={token}&replay=x"),
        Request(f"/pipelines/p_a/sse?token={token}&token={token}"),
        Request(f"/streams/p_a?token={token}"),
        Request(f"/streams/p_a/events?token={token}&limit=x"),
        Request(f"/streams/p_a?token={token}", method="POST"),
        Request(f"/nothing?token={token}"),
        Request(f"/pipelines/p_a/sse/?token={token}"),
        Request(headers={"Referer": f"{PAGE}/?token={token}", "Authorization": "Bearer x"}),
    ]


@pytest.mark.parametrize("kind", TOKENS)
async def test_token_is_in_no_log_metric_answer_or_header(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    token = TOKENS[kind]
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    async with guarded_service() as (_, url), httpx.AsyncClient(trust_env=False, timeout=40, base_url=url) as client:
        for sent in places(token):
            request = client.build_request(sent.method, sent.path, headers=dict(sent.headers))
            answer = await client.send(request, stream=True)
            told.append(str(answer.headers))
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                told.append((await answer.aread()).decode())
            await answer.aclose()
        garbage = await StreamClient.open(stream_url(url, "p_a"), headers={"Authorization": f"Bearer {token}\x01"})
        told.append(f"{garbage.status} {garbage.headers}")
        garbage.cut()
        told.append((await client.get("/metrics")).text)

    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    lines = [JsonFormatter().format(record) for record in ours]
    assert not [text for text in (*told, *lines) if token in text or token.rpartition(".")[2] in text]
