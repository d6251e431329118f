import httpx
import pytest
from fastapi import FastAPI, HTTPException, Query

from stream_service import problems


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()
    problems.explain_errors(app)

    @app.get("/things")
    async def things(size: int = Query(default=1, ge=1), name: list[str] = Query(default=[], max_length=2)) -> str:  # noqa: B008 (FastAPI's way)
        return f"{size} {name}"

    @app.get("/teapot")
    async def teapot() -> str:
        raise HTTPException(418, "Short and stout.", headers={"X-Spout": "yes"})

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stream.example")


def problem_of(answer: httpx.Response) -> dict[str, object]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == "about:blank"
    return problem


async def test_every_parameter_that_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    problem = problem_of(await client.get("/things?size=0&name=a&name=b&name=c"))

    assert problem["title"] == "Unprocessable Entity"
    assert str(problem["detail"]).startswith("size: Input should be greater than or equal to 1; name: List should have")


async def test_unknown_path_says_where_streams_are(client: httpx.AsyncClient) -> None:
    problem = problem_of(await client.get("/nowhere"))

    assert problem["status"] == 404
    assert "/pipelines/{workflow id}/sse" in str(problem["detail"])


async def test_wrong_method_says_so_and_names_the_right_one(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things")

    assert problem_of(answer)["title"] == "Method Not Allowed"
    assert answer.headers["allow"] == "GET"


async def test_other_errors_keep_their_words_and_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/teapot")

    assert problem_of(answer)["detail"] == "Short and stout."
    assert answer.headers["x-spout"] == "yes"
