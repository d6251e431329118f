"""Follows a stream with one of Python's clients, and prints each event as a line of JSON, until it is killed.

python -m tests.wire.follow httpx-sse|sseclient-py|launchdarkly-eventsource ADDRESS
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import TypeAlias

import httpx
import urllib3
from httpx_sse import connect_sse
from ld_eventsource import SSEClient as LaunchDarklyClient
from ld_eventsource.config import ErrorStrategy
from sseclient import SSEClient

Heard: TypeAlias = tuple[str, str, str | None]


def httpx_sse(address: str) -> Iterator[Heard]:
    """The client that most people use; it does not reconnect."""
    with httpx.Client(timeout=None, trust_env=False) as client, connect_sse(client, "GET", address) as source:
        for event in source.iter_sse():
            yield event.event, event.data, event.id


def sseclient_py(address: str) -> Iterator[Heard]:
    """A parser over any response; it does not reconnect."""
    response = urllib3.PoolManager().request("GET", address, preload_content=False)
    for event in SSEClient(response).events():
        yield event.event, event.data, event.id


def launchdarkly_eventsource(address: str) -> Iterator[Heard]:
    """A client that reconnects, with the last id that it saw."""
    for event in LaunchDarklyClient(address, error_strategy=ErrorStrategy.always_continue()).events:
        yield event.event, event.data, event.last_event_id


CLIENTS: dict[str, Callable[[str], Iterator[Heard]]] = {
    "httpx-sse": httpx_sse,
    "sseclient-py": sseclient_py,
    "launchdarkly-eventsource": launchdarkly_eventsource,
}


def main() -> None:
    """Follow until the end."""
    _, library, address = sys.argv
    for event, data, event_id in CLIENTS[library](address):
        sys.stdout.write(json.dumps({"event": event, "data": data, "id": event_id}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
