from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from lambdas.workflow_api.problems import answer_problems


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    answer_problems(app)

    @app.get("/double")
    async def double(number: int) -> int:
        return number * 2

    @app.get("/half")
    async def half() -> StreamingResponse:
        def parts() -> Iterator[bytes]:
            yield b"the first half"
            raise RuntimeError("and no other")

        return StreamingResponse(parts())

    return app


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_what_fastapi_refuses_is_a_problem_that_names_each_place(client: httpx.AsyncClient) -> None:
    answer = await client.get("/double", params={"number": "two"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert problem["type"] == "urn:tailrace:problem:invalid-request"
    assert problem["detail"].startswith("query.number: Input should be a valid integer")
    assert [each["where"] for each in problem["errors"]] == ["query.number"]


async def test_an_error_after_the_answer_has_begun_ends_the_answer(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError, match="and no other"):
        await client.get("/half")
