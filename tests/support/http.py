"""A web server in a thread, for tests of what it serves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cli.gateway import Gateway
from cli.lambda_function import LambdaFunction
from cli.ports import HOST, listen, port_of
from cli.web_server import REQUEST_SECONDS, web_server


@contextmanager
def gateway_in_front_of(
    function: LambdaFunction, *, time_limit: float = 30.0, request_seconds: float = REQUEST_SECONDS
) -> Iterator[str]:
    """Serve a function through the gateway on a free port; yields the URL."""
    listener = listen(0, purpose="a gateway", option="another port")
    web = web_server(Gateway(function, time_limit=time_limit), request_seconds=request_seconds)
    url = f"http://{HOST}:{port_of(listener)}"
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url
    finally:
        web.should_exit = True
        thread.join()
        function.close()
