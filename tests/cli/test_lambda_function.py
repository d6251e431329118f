"""Asynchronous invocations are tried as Lambda tries them."""

import threading
from typing import Any

import pytest

from cli.lambda_function import MAX_PAYLOAD_BYTES, LambdaContext, LambdaFunction, PayloadTooLarge


class Tries:
    """A handler that fails a number of times, and remembers every try."""

    def __init__(self, *, failures: int) -> None:
        self.seen: list[tuple[dict[str, Any], str]] = []
        self.ended = threading.Event()
        self._failures = failures

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> None:
        self.seen.append((event, context.aws_request_id))
        if len(self.seen) <= self._failures:
            raise RuntimeError("not yet")
        self.ended.set()


def test_asynchronous_invocation_that_raises_is_tried_twice_more_with_the_same_request_id() -> None:
    tries = Tries(failures=2)
    function = LambdaFunction(tries, name="test", retries_after=(0.001, 0.002))

    function.invoke_later({"number": 1})

    assert tries.ended.wait(30)
    function.close()
    assert [event for event, _ in tries.seen] == [{"number": 1}] * 3
    assert len({request_id for _, request_id in tries.seen}) == 1


def test_asynchronous_invocation_is_given_up_after_the_third_try() -> None:
    tries = Tries(failures=3)
    third = threading.Event()

    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        try:
            tries(event, context)
        finally:
            if len(tries.seen) == 3:
                third.set()

    function = LambdaFunction(handler, name="test", retries_after=(0.0, 0.0))
    function.invoke_later({})

    assert third.wait(30)
    function.close()
    assert len(tries.seen) == 3


def test_asynchronous_invocation_is_not_lost_when_the_function_is_closed() -> None:
    tries = Tries(failures=1)
    function = LambdaFunction(tries, name="test", retries_after=(60.0, 60.0))

    function.invoke_later({})
    function.close()

    assert tries.ended.is_set()


def test_asynchronous_invocation_that_succeeds_runs_once() -> None:
    tries = Tries(failures=0)
    function = LambdaFunction(tries, name="test", retries_after=(0.0, 0.0))

    function.invoke_later({})
    function.close()

    assert len(tries.seen) == 1


def test_event_changed_after_the_invocation_is_the_old_one_to_the_handler() -> None:
    tries = Tries(failures=0)
    function = LambdaFunction(tries, name="test")
    event = {"number": 1}

    function.invoke_later(event)
    event["number"] = 2
    function.close()

    assert tries.seen[0][0] == {"number": 1}


def test_event_larger_than_lambda_admits_is_refused() -> None:
    function = LambdaFunction(Tries(failures=0), name="test")

    with pytest.raises(PayloadTooLarge):
        function.invoke_later({"text": "x" * MAX_PAYLOAD_BYTES})
    function.close()
