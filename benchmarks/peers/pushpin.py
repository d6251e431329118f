"""pushpin: four processes, an origin that it asks at each connection, and a relay that brings it events."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.peers.delivering import wait_until_delivering
from benchmarks.processes import (
    GENERATOR_CORE,
    SERVER_CORE,
    descendants,
    free_ports,
    process,
    wait_for_port,
)
from benchmarks.running import PEERS_PYTHON, ROOT, Running, fill

INTERNAL = Path("/usr/lib/pushpin/internal.conf")
SYSTEM_ZURL = "/var/run/zurl"


@contextmanager
def pushpin(folder: Path) -> Iterator[Running]:
    """Run pushpin; its CPU and memory are those of its own processes and of zurl, not of origin and relay."""
    port, control_port, origin_port, posts_port = free_ports(4)
    log = folder / "pushpin.log"
    (folder / "internal.conf").write_text(INTERNAL.read_text().replace(SYSTEM_ZURL, str(folder)))
    (folder / "routes").write_text(f"* 127.0.0.1:{origin_port}\n")
    origin = ["nginx", "-c", str(fill("pushpin_origin.conf", folder, port=origin_port)), "-p", str(folder)]
    zurl = ["zurl", "--loglevel=1", f"--config={fill('zurl.conf', folder)}"]
    configuration = fill("pushpin.conf", folder, port=port, control_port=control_port)
    with ExitStack() as running:
        origin_process = running.enter_context(process(origin, core=GENERATOR_CORE, log=log))
        zurl_process = running.enter_context(process(zurl, core=SERVER_CORE, log=log))
        command = ["pushpin", f"--config={configuration}", "--merge-output"]
        pushpin_process = running.enter_context(process(command, core=SERVER_CORE, log=log))
        relay = [str(PEERS_PYTHON), "-m", "benchmarks.peers.pushpin_relay", str(posts_port), f"ipc://{folder}/push-in"]
        relay_process = running.enter_context(
            process(relay, core=GENERATOR_CORE, log=log, environment={"PYTHONPATH": str(ROOT)})
        )
        wait_for_port(origin_port, origin_process, log)
        wait_for_port(port, pushpin_process, log)
        wait_for_port(control_port, pushpin_process, log)
        wait_for_port(posts_port, relay_process, log)
        pids = (zurl_process.pid, pushpin_process.pid, *descendants(pushpin_process.pid))
        server = Running(port=port, posts_port=posts_port, pids=pids)
        wait_until_delivering(server, pushpin_process, log)
        yield server
