"""Follows a stream, for ever.

    python follow.py http://127.0.0.1:8701/pipelines/p_hello/sse

Needs httpx. What is sent while the connection is away comes after it is back: the server replays what
follows the id that it is given.
"""

import json
import sys
import time
from collections.abc import Iterator

import httpx


def follow(url: str) -> None:
    """Print every event once, in order."""
    cursor, pause = "", 1.0
    with httpx.Client(timeout=httpx.Timeout(10, read=45)) as client:  # a keepalive comes every 15 seconds
        while True:
            try:
                with client.stream("GET", url, headers={"Last-Event-ID": cursor} if cursor else {}) as response:
                    if response.is_client_error:  # which trying again does not mend
                        response.read()
                        sys.exit(f"Refused ({response.status_code}): {response.text}")
                    fields: dict[str, str] = {}
                    for line in lines_of(response) if response.is_success else ():
                        name, _, value = line.partition(":")
                        fields[name] = value.removeprefix(" ")
                        if name == "retry":  # also where nothing follows: there is no room at the moment
                            pause = int(value) / 1000
                        if not line and "data" in fields:
                            cursor = fields.get("id", cursor)
                            show(fields.get("event", "message"), fields["data"])
                            fields = {}
            except httpx.TransportError as error:
                print(f"Disconnected ({error}); trying again.", file=sys.stderr)
            time.sleep(pause)


def show(channel: str, data: str) -> None:
    """Print an event, unless it is one of the service's own."""
    if not channel.startswith("$"):
        print(channel, json.loads(data), flush=True)


def lines_of(response: httpx.Response) -> Iterator[str]:
    """Yield a stream's lines. Not by `iter_lines`, which ends them at other characters, too."""
    rest = ""
    for text in response.iter_text():
        *lines, rest = (rest + text).split("\n")
        yield from lines


if __name__ == "__main__":
    follow(sys.argv[1])
