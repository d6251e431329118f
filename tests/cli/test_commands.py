"""`tailrace list` and `invoke` against a running `tailrace dev`, as its user types them."""

import json
from pathlib import Path

import pytest

from tests.support.command import tailrace
from tests.support.dev import Dev


@pytest.fixture
def dev(orders_dev: Dev) -> Dev:
    return orders_dev


def test_list_names_workflows_steps_and_modules_that_failed(dev: Dev) -> None:
    result = tailrace("list", folder=dev.folder)

    assert result.code == 0
    assert result.out.splitlines() == [
        "p_hello   (greet)",
        "p_hook    public  (greet)",
        "p_orders  Takes orders.  (check, place)",
    ]
    assert "broken.py can't be used: The package 'a_package_that_is_not_there' is not installed" in result.err
    assert {each["id"] for each in json.loads(tailrace("list", "--json", folder=dev.folder).out)["workflows"]} == {
        "p_hello",
        "p_hook",
        "p_orders",
    }


def test_token_for_streams_that_take_none_is_refused_with_what_to_do(dev: Dev) -> None:
    result = tailrace("token", "p_hello", folder=dev.folder)

    assert result.code == 1
    assert "they take no token" in result.err
    assert "--stream-access token" in result.err


def test_invoke_shows_steps_and_what_was_sent(dev: Dev) -> None:
    result = tailrace(
        "invoke", "p_orders", "--data", '{"id": "é"}', "--query", "a=1", "--header", "X-Name: Luke", folder=dev.folder
    )

    lines = result.out.splitlines()
    assert result.code == 0
    assert lines[0].startswith("Completed in ")
    assert lines[1:4] == ["Steps", '  check returned {"id": "é"}', "  place nothing returned"]
    assert lines[4].startswith("Sent 2 events, ")
    assert lines[5:] == [
        '  orders {"order":{"id":"é"}}',
        '  told {"query":{"a":"1"},"kind":"application/json","x":"Luke"}',
    ]


def test_invoke_takes_its_body_from_a_file_and_from_a_pipe(dev: Dev) -> None:
    (dev.folder / "order.txt").write_text("from a file")

    from_file = tailrace("invoke", "p_orders", "--data", "@order.txt", folder=dev.folder)
    piped = tailrace("invoke", "p_orders", "--data", "-", folder=dev.folder, given="[1]")

    assert '{"order":"from a file"}' in from_file.out
    assert '{"order":[1]}' in piped.out


def test_run_that_failed_is_told_and_is_exit_code_1(dev: Dev) -> None:
    result = tailrace("invoke", "p_orders", "--data", "fail", folder=dev.folder)

    lines = result.out.splitlines()
    assert result.code == 1
    assert lines[0].startswith("Failed in ")
    assert lines[1] == "The step 'place' raised ValueError: no [such] order"
    assert lines[4].startswith("Sent 2 events, ")
    assert "Traceback" not in result.out + result.err


def test_run_that_ended_early_says_why(dev: Dev) -> None:
    result = tailrace("invoke", "p_orders", "--data", "empty", folder=dev.folder)

    assert result.code == 0
    assert result.out.startswith("Exited: nothing to do in ")
    assert result.out.splitlines()[-1] == "Sent nothing"


def test_what_a_workflow_answers_is_shown(dev: Dev) -> None:
    result = tailrace("invoke", "p_orders", "--data", "respond", folder=dev.folder)

    assert result.code == 0
    assert result.out.splitlines()[1:] == ["Answered 418", "  a teapot"]


def test_invoke_gives_programs_the_answer_as_it_is(dev: Dev) -> None:
    good = tailrace("invoke", "p_orders", "--json", folder=dev.folder)
    bad = tailrace("invoke", "p_orders", "--json", "--data", "fail", folder=dev.folder)

    assert (json.loads(good.out)["status"], good.code) == ("Completed", 0)
    assert (json.loads(bad.out)["run"]["status"], bad.code) == ("Failed", 1)


def test_invoke_does_not_wait_where_it_is_told_not_to(dev: Dev) -> None:
    result = tailrace("invoke", "p_orders", "--async", folder=dev.folder)

    assert result.code == 0
    assert result.out.startswith("Accepted in ")


def test_run_with_a_key_happens_once(dev: Dev) -> None:
    command = ("invoke", "p_orders", "--json", "--idempotency-key", "the-same")

    first, second = (json.loads(tailrace(*command, folder=dev.folder).out) for _ in range(2))

    assert first["sent"] == second["sent"]


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["invoke", "p_none"], "There is no workflow p_none. There are: p_hello, p_hook, p_orders.", "tailrace list"),
        (["invoke", "p_hello", "--key", "wrong"], "This is no key of the API's, or none any more.", "--key"),
        (["keys", "revoke", "nobody"], "There is no key 'nobody'.", "tailrace keys list"),
        (["keys", "add", "first"], "There is a key 'first' already.", "tailrace keys list"),
        (["keys", "add", "a", "--workflow", "orders"], "'orders' names no workflows", "--help"),
        (["invoke", "p_hello", "--data", "{x}"], "What --data holds is not JSON", "single quotes"),
        (["tail", "hello"], "'hello' is not a workflow id", "tailrace list"),
        (["tail", "p_hello", "--replay", "1", "--last-event-id", "0-0"], "two beginnings", "one of them"),
        (["list", "--api-url", "http://127.0.0.1:1", "--key", "x"], "Nothing answers at http://127.0.0.1:1", "dev"),
        (["history", "p_hello", "--stream-url", "http://127.0.0.1:1"], "Nothing answers at", "tailrace dev"),
        (["tail", "p_hello", "--stream-url", "http://127.0.0.1:1"], "Nothing answers at", "tailrace dev"),
    ],
)
def test_error_is_one_sentence_and_a_hint(dev: Dev, arguments: list[str], error: str, hint: str) -> None:
    result = tailrace(*arguments, folder=dev.folder)

    first, second = result.err.splitlines()
    assert (result.code, result.out) == (1, "")
    assert error in first
    assert first.startswith("Error: ")
    assert second.startswith("Hint:  ")
    assert hint in second


@pytest.mark.parametrize(
    "command",
    ["dev", "new", "list", "invoke", "tail", "history", "clear", "keys", "keys list", "keys add", "keys revoke"],
)
def test_help_of_every_command_has_an_example(command: str, tmp_path: Path) -> None:
    result = tailrace(*command.split(), "--help", folder=tmp_path)

    assert result.code == 0
    assert f"Example: tailrace {command}" in result.out


@pytest.mark.parametrize("command", ["list", "invoke p_hello", "tail p_hello", "history p_hello", "keys list"])
def test_nothing_that_runs_here_is_one_sentence_and_a_hint(command: str, tmp_path: Path) -> None:
    result = tailrace(*command.split(), folder=tmp_path)

    assert result.code == 1
    assert result.err.splitlines()[0] == "Error: No running system was found."
    assert "tailrace dev" in result.err.splitlines()[1]


def test_environment_names_the_system(dev: Dev, tmp_path: Path) -> None:
    system = dev.system
    variables = {"TAILRACE_API_URL": system.api_url, "TAILRACE_API_KEY": system.api_key}

    assert "p_hello" in tailrace("list", folder=tmp_path, variables=variables).out
