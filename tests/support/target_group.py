"""What a task in ECS can ask: its metadata endpoint, and the load balancer's view of its target; on this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from uuid import uuid4

from cli.ports import HOST

GROUP_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/streams/0123456789abcdef"
NOT_REGISTERED = ("unused", "Target.NotRegistered")
STARTING = ("initial", "Elb.InitialHealthChecking")
HEALTHY = ("healthy", "")
UNHEALTHY = ("unhealthy", "Target.ResponseCodeMismatch")
DRAINING = ("draining", "Target.DeregistrationInProgress")
_ANSWER = """<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
<DescribeTargetHealthResult><TargetHealthDescriptions><member>
<Target><Id>{address}</Id><Port>{port}</Port></Target>
<TargetHealth><State>{state}</State>{reason}</TargetHealth>
</member></TargetHealthDescriptions></DescribeTargetHealthResult>
<ResponseMetadata><RequestId>c534f810-f389-11e5-9192-3fff33344cfa</RequestId></ResponseMetadata>
</DescribeTargetHealthResponse>"""
_REFUSAL = """<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>
<RequestId>c534f810-f389-11e5-9192-3fff33344cfa</RequestId></ErrorResponse>"""


class TargetGroup:
    """A group with one target, whose state a test decides; what was asked for stands in `asked`."""

    def __init__(self) -> None:
        self.url = ""
        self.task_id = uuid4().hex
        self.health = NOT_REGISTERED
        self.refuses = False
        self.asked: list[tuple[str, str, str]] = []
        """Group, address and port of each question."""

    @property
    def environment(self) -> dict[str, str]:
        """For a stream service that is a task of ECS's, and whose target is in this group."""
        return {
            "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": self.url,
            "ECS_CONTAINER_METADATA_URI_V4": f"{self.url}/v4/container",
            "TAILRACE_TARGET_GROUP_ARN": GROUP_ARN,
        }

    def answer(self, question: dict[str, list[str]]) -> tuple[int, str]:
        """Say how the target stands, in the words of AWS's query protocol."""
        assert question["Action"] == ["DescribeTargetHealth"], question
        [group], [address], [port] = (
            question[name] for name in ("TargetGroupArn", "Targets.member.1.Id", "Targets.member.1.Port")
        )
        self.asked.append((group, address, port))
        if self.refuses:
            return 400, _REFUSAL
        state, reason = self.health
        told = f"<Reason>{reason}</Reason>" if reason else ""
        return 200, _ANSWER.format(address=address, port=port, state=state, reason=told)

    def tell(self, path: str) -> str:
        """Answer as ECS's metadata endpoint does, as far as a task asks it."""
        task_arn = f"arn:aws:ecs:us-east-1:123456789012:task/default/{self.task_id}"
        return json.dumps(
            {
                "/v4/container": {"Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [HOST]}]},
                "/v4/container/task": {"Cluster": "default", "TaskARN": task_arn, "Family": "streams"},
            }[path]
        )


@contextmanager
def target_group() -> Iterator[TargetGroup]:
    """Serve a group, and the metadata of its task, until the context ends."""
    group = TargetGroup()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, group.tell(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(*group.answer(parse_qs(body)))

        def _say(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
            """Say nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        group.url = f"http://{HOST}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield group
        finally:
            server.shutdown()
            thread.join()
