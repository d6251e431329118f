"""The whole system on one machine: its processes started in order, watched over, and stopped in order.

Everything that happens comes through one queue, so that the supervisor does one thing at a time.
"""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from signal import Signals

from rich.console import Console

from cli import parts
from cli.banner import first_token, print_banner
from cli.changes import watching
from cli.dev_plan import Plan
from cli.errors import CommandError
from cli.happenings import Changed, Ended, Failed, Happening, Prepared, Ready, Signalled
from cli.log_view import LogView
from cli.preparation import PreparedAws, wait_until_ready
from cli.processes import Child
from cli.running_parts import RunningParts
from cli.running_system import RunningSystem


class DevSystem:
    """Runs a plan until somebody stops it, or a part of it ends by itself."""

    def __init__(self, plan: Plan, *, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._view = LogView(console)
        self._happenings: SimpleQueue[Happening] = SimpleQueue()
        self._parts = RunningParts()
        self._system: RunningSystem | None = None
        self._stopping = False

    def signal(self) -> None:
        """Ask the system to stop; asked again, end what still runs at once. Made for signal handlers."""
        if self._stopping:
            self._parts.kill()
        self._happenings.put(Signalled())

    def run(self) -> int:
        """Start everything and go on until it ends; return the exit code.

        Raises:
            CommandError: the system cannot come up.
        """
        self._view.only_troubles = True
        self._view.say("Starting …")
        try:
            self._start_aws()
            self._in_background(lambda: Prepared(self._plan.prepare()))
            with watching(self._plan.workflows, lambda names: self._happenings.put(Changed(names))):
                while (code := self._take(self._happenings.get())) is None:
                    pass
            return code
        finally:
            self._stop()

    def _take(self, happening: Happening) -> int | None:
        """Do what a happening asks for; return the exit code if it is the end."""
        match happening:
            case Signalled():
                return 0
            case Failed(error):
                raise error
            case Ended(child) if name := self._parts.name_of(child):
                self._view.say(f"The {name} process {_outcome(child.exit_code)}, so all stop.", style="bold red")
                return 1
            case Prepared(aws):
                self._start_services(aws)
            case Ready(workflows, token):
                self._welcome(workflows, token)
            case Changed(names) if self._system is not None:
                self._view.say(f"{', '.join(names)} changed: loading the workflows anew.")
                self._parts.retire("api")
                self._start_api(self._system)
            case _:
                pass
        return None

    def _start_aws(self) -> None:
        if self._plan.aws_listener is not None:
            child = parts.start_emulated_aws(
                self._plan.aws_listener,
                environment=self._plan.environment,
                on_line=lambda line: self._view.show("aws", line),
                on_end=self._ended,
            )
            self._parts.add("aws", child)

    def _start_services(self, aws: PreparedAws) -> None:
        self._system = system = self._plan.system(aws)
        child = parts.start_stream_service(
            self._plan.stream_port,
            system=system,
            environment=self._plan.environment,
            on_line=lambda line: self._view.show("stream", line),
            on_end=self._ended,
        )
        self._parts.add("stream", child)
        self._start_api(system)
        self._in_background(lambda: _ready(system))

    def _start_api(self, system: RunningSystem) -> None:
        child = parts.start_api(
            self._plan.api_listener,
            system=system,
            workflows=self._plan.workflows,
            environment=self._plan.environment,
            on_line=lambda line: self._view.show("api", line),
            on_end=self._ended,
            clock_since=time.time(),  # the one that it replaces has stopped looking at the clock
        )
        self._parts.add("api", child)

    def _welcome(self, workflows: list[str], token: str | None) -> None:
        assert self._system is not None  # noqa: S101 (services were started with it)
        self._system.write()
        folder = self._plan.workflows
        print_banner(self._console, self._system, workflows=workflows, token=token, folder=folder)
        self._view.only_troubles = False

    def _ended(self, child: Child) -> None:
        self._happenings.put(Ended(child))

    def _in_background(self, work: Callable[[], Happening]) -> None:
        """Do what takes a while in a thread; its outcome is a happening."""

        def run() -> None:
            try:
                self._happenings.put(work())
            except CommandError as error:
                self._happenings.put(Failed(error))

        threading.Thread(target=run, daemon=True).start()

    def _stop(self) -> None:
        self._stopping = True
        self._view.say("Stopping …")
        if self._system is not None:
            self._system.remove()
        self._plan.api_listener.close()  # else those who come while runs end would wait for an answer
        if not self._parts.stop(on_wait=self._tell_of_runs):
            self._view.say("The API was killed: runs that had not ended are lost.", style="bold red")
        self._view.say("Stopped.")

    def _tell_of_runs(self) -> None:
        self._view.say("Waiting until the runs that were accepted have ended; Ctrl-C ends them at once.")


def _ready(system: RunningSystem) -> Ready:
    workflows = wait_until_ready(system, pause=time.sleep, now=time.monotonic)
    return Ready(workflows, first_token(system, workflows))


def _outcome(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"was ended by {Signals(-exit_code).name}"
    return f"has ended with exit code {exit_code}"
