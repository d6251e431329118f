"""The `local` stage, deployed by the real CDK CLI into emulated AWS (ministack), with a stream service beside it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3
import httpx

from cli.key_secret import KeySecret
from cli.local_aws import REGION, local_environment
from cli.ports import HOST, find_port
from cli.processes import Child

ROOT = Path(__file__).resolve().parent.parent
_ACCOUNT = "000000000000"
_PATIENCE_SECONDS = 60
_CDK_OPTIONS = ("--no-notices", "--no-version-reporting", "--no-color", "--ci")


class DeploymentFailed(Exception):
    """A program did not do its part; the message holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What is started; `make` installs both."""

    ministack: Path = ROOT / ".venv-ministack" / "bin" / "ministack"
    cdk: Path = ROOT / ".venv" / "cdk" / "node_modules" / ".bin" / "cdk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Where what was deployed is found."""

    endpoint_url: str
    environment: Mapping[str, str]
    api_url: str
    api_key: str
    stream_url: str
    event_log_table: str
    notice_topic_arn: str


@contextmanager
def local_deployment(
    folder: Path, *, programs: Programs | None = None, aws_port: int = 0, stream_port: int = 0
) -> Iterator[Deployment]:
    """Start emulated AWS, bootstrap it, deploy the stacks, start a stream service; end all of them at the end.

    Raises:
        DeploymentFailed: a program failed, or was not ready within a minute.
    """
    programs = programs or Programs()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        aws_port = find_port(aws_port, purpose="emulated AWS", option="another port")
        stream_port = find_port(stream_port, purpose="the stream service", option="another port")
        endpoint_url = f"http://{HOST}:{aws_port}"
        environment = _environment(endpoint_url, stream_url=f"http://{HOST}:{stream_port}")
        running.enter_context(_emulated_aws(programs.ministack, folder, port=aws_port, environment=environment))
        cdk = _Cdk(program=programs.cdk, folder=folder, environment=environment)
        cdk.bootstrap()
        outputs = cdk.deploy()
        deployment = _find(outputs, endpoint_url=endpoint_url, environment=environment)
        running.enter_context(_stream_service(deployment, folder, port=stream_port))
        yield deployment


def _environment(endpoint_url: str, *, stream_url: str) -> dict[str, str]:
    return local_environment(os.environ, endpoint_url=endpoint_url) | {
        "AWS_ENDPOINT_URL_S3": endpoint_url,  # the CLI uploads there
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # where Node.js may come from
        "TAILRACE_STAGE": "local",
        "TAILRACE_STREAM_URL": stream_url,
    }


@contextmanager
def _emulated_aws(program: Path, folder: Path, *, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    ours = {**environment, "BIND_HOST": HOST, "GATEWAY_PORT": str(port)}
    with (folder / "ministack.log").open("wb") as log:
        server = subprocess.Popen([program], cwd=folder, env=ours, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603 - ours
        try:
            _wait_for(f"http://{HOST}:{port}/_ministack/health", folder / "ministack.log")
            yield
        finally:
            server.terminate()
            server.wait(_PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cdk:
    program: Path
    folder: Path
    environment: Mapping[str, str]

    def bootstrap(self) -> None:
        # Not in the checkout: wherever it finds an app it synthesizes it, and has no use for it.
        self._run("bootstrap", f"aws://{_ACCOUNT}/{REGION}", cwd=self.folder)

    def deploy(self) -> Path:
        outputs = self.folder / "outputs.json"
        options = ["--require-approval", "never", "--no-lookups", "--outputs-file", str(outputs)]
        app = ["--app", f"{sys.executable} app.py", "--output", str(self.folder / "cdk.out")]
        self._run("deploy", "--all", *options, *app, cwd=ROOT)
        return outputs

    def _run(self, *arguments: str, cwd: Path) -> None:
        command = [str(self.program), *arguments, *_CDK_OPTIONS]
        log = self.folder / f"cdk-{arguments[0]}.log"
        with log.open("wb") as output:
            done = subprocess.run(  # noqa: S603 - our own arguments
                command, cwd=cwd, env=dict(self.environment), stdout=output, stderr=subprocess.STDOUT, check=False
            )
        if done.returncode != 0:
            raise DeploymentFailed(f"`cdk {arguments[0]}` failed:\n{log.read_text(errors='replace')}")


def _find(outputs: Path, *, endpoint_url: str, environment: Mapping[str, str]) -> Deployment:
    stacks: dict[str, dict[str, str]] = json.loads(outputs.read_text())
    log, api = stacks["Tailrace-local-EventLog"], stacks["Tailrace-local-WorkflowApi"]
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    return Deployment(
        endpoint_url=endpoint_url,
        environment=environment,
        api_url=api["ApiUrl"],
        api_key=_first_key(KeySecret(client=secrets, arn=api["ApiKeySecret"])),
        stream_url=api["StreamUrl"],
        event_log_table=log["EventLogTable"],
        notice_topic_arn=log["NoticeTopic"],
    )


def _first_key(keys: KeySecret) -> str:
    if key := keys.make_first(datetime.now(UTC)):
        return key
    raise DeploymentFailed("The stage has keys already: it was not deployed here.")


@contextmanager
def _stream_service(deployment: Deployment, folder: Path, *, port: int) -> Iterator[None]:
    settings = {
        "TAILRACE_EVENT_LOG_TABLE": deployment.event_log_table,
        "TAILRACE_NOTICE_TOPIC_ARN": deployment.notice_topic_arn,
        "TAILRACE_STREAM_ACCESS": "public",
        "TAILRACE_PORT": str(port),
        "TAILRACE_DRAIN_SECONDS": "1",
    }
    log = folder / "stream-service.log"
    with log.open("w") as output:
        service = Child(
            "stream_service",
            environment={**deployment.environment, **settings},
            on_line=lambda line: print(line, file=output, flush=True),
        )
        try:
            _wait_for(f"http://{HOST}:{port}/readyz", log)
            yield
        finally:
            service.stop(patience=10)


def _wait_for(url: str, log: Path) -> None:
    """Ask until the answer is 200."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < give_up_at:
            try:
                if client.get(url).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise DeploymentFailed(f"{url} was not ready within {_PATIENCE_SECONDS} s:\n{log.read_text(errors='replace')}")
