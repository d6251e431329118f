"""What `server` and `bounded_protocol` use of uvicorn's inside is there, and does what it is used for."""

import asyncio
import inspect
import socket
from collections.abc import Callable

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tests.support.rim import eventually


@pytest.fixture
async def protocol() -> HttpToolsProtocol:
    config = Config(app=_wait_for_the_end, http=HttpToolsProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    return HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (HttpToolsProtocol._start_asgi_task, ["self", "cycle", "app"]),
        (HttpToolsProtocol._unset_keepalive_if_required, ["self"]),
        (HttpToolsProtocol._unsupported_upgrade_warning, ["self"]),
        (HttpToolsProtocol.send_400_response, ["self", "msg"]),
        (HttpToolsProtocol.on_message_begin, ["self"]),
        (HttpToolsProtocol.on_url, ["self", "url"]),
        (HttpToolsProtocol.on_header, ["self", "name", "value"]),
        (HttpToolsProtocol.on_headers_complete, ["self"]),
        (HttpToolsProtocol.on_message_complete, ["self"]),
        (HttpToolsProtocol.pause_writing, ["self"]),
        (HttpToolsProtocol.resume_writing, ["self"]),
        (FlowControl.resume_reading, ["self"]),
        (Server.handle_exit, ["self", "sig", "frame"]),
    ],
    ids=lambda each: each.__qualname__ if inspect.isfunction(each) else "",
)
def test_methods_are_called_as_they_are_overridden(method: Callable[..., object], parameters: list[str]) -> None:
    assert list(inspect.signature(method).parameters) == parameters


async def test_protocol_keeps_what_is_read_of_it(protocol: HttpToolsProtocol) -> None:
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=ours)

    protocol.data_received(b"GET /pipelines/p_a/sse HTTP/1.1\r\nHost: a\r\n\r\n")

    assert protocol in protocol.connections
    assert protocol.transport is transport
    assert len(protocol.pipeline) == 0
    assert (protocol.flow.write_paused, protocol.loop) == (False, asyncio.get_running_loop())
    cycle = protocol.cycle
    assert isinstance(cycle, RequestResponseCycle)
    assert (cycle.response_started, cycle.response_complete, cycle.disconnected) == (False, False, False)
    assert (cycle.keep_alive, cycle.message_event.is_set(), cycle.scope is protocol.scope) == (True, True, True)
    transport.abort()
    theirs.close()
    await eventually(lambda: protocol not in protocol.connections)
    await asyncio.gather(*protocol.tasks, return_exceptions=True)


async def _wait_for_the_end(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
