"""Follows a stream, for ever.

    python follow.py http://127.0.0.1:8701/pipelines/p_hello/sse

Needs httpx and httpx-sse. What is sent while the connection is away comes after it is back: the server replays what
follows the id that it is given.
"""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse


def follow(url: str) -> None:
    """Print every event once, in order."""
    cursor, pause = "", 1.0
    with httpx.Client(timeout=httpx.Timeout(10, read=45)) as client:  # a keepalive comes every 15 seconds
        while True:
            try:
                with connect_sse(client, "GET", url, headers={"Last-Event-ID": cursor} if cursor else {}) as source:
                    if source.response.is_client_error:  # which trying again does not mend
                        source.response.raise_for_status()
                    for event in source.iter_sse():
                        cursor, pause = event.id, (event.retry or pause * 1000) / 1000
                        if not event.event.startswith("$"):
                            print(event.event, json.loads(event.data), flush=True)
            except httpx.TransportError as error:
                print(f"Disconnected ({error}); trying again.", file=sys.stderr)
            time.sleep(pause)


if __name__ == "__main__":
    follow(sys.argv[1])
