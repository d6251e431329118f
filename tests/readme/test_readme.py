"""A script follows the README in a fresh clone: every command, every address, everything that it says is printed."""

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.readme.newcomer import ADDRESSES, INSTALLING, Newcomer
from tests.support.command import Following
from tests.support.markdown import ROOT, Block, blocks

pytestmark = [
    pytest.mark.timeout(INSTALLING + 200),
    pytest.mark.skipif(
        not (ROOT / ".git").exists() or not all(map(shutil.which, ("git", "make", "curl"))),
        reason="there is no clone to make here, or no git, make or curl",
    ),
]
README = [block for block in blocks() if block.document == "README.md"]
ADDRESS = re.compile(r"(?:\$STREAM|http://127\.0\.0\.1:8701)(/[\w/.-]+)")


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    newcomer = Newcomer(tmp_path)
    try:
        yield newcomer
    finally:
        newcomer.stop()


def test_readme_works_word_by_word(newcomer: Newcomer) -> None:
    walk = Walk(newcomer)

    for block in README[1:]:  # the first one is a drawing
        walk.go(block)
    walk.open_every_address()
    walk.try_what_the_banner_says()

    assert {"make", ".venv/bin/tailrace", "curl", "export"} <= walk.typed
    assert newcomer.stop() == []
    assert not (newcomer.clone / ".tailrace" / "dev.json").exists()


class Walk:
    """Takes one block after the other."""

    def __init__(self, newcomer: Newcomer) -> None:
        self.typed: set[str] = set()
        self._newcomer = newcomer
        self._curl: Following | None = None

    def go(self, block: Block) -> None:
        """Do what a block says."""
        if block.language == "python":
            self._save(block)
        elif block.text.startswith("event: "):
            self._see(block)
        elif not block.language:  # scripts for pages run in tests/docs
            for command in block.text.splitlines():
                self._type(command)

    def open_every_address(self) -> None:
        """Each address in the text is a stream that begins, or a page."""
        paths = set(ADDRESS.findall((ROOT / "README.md").read_text()))
        assert {path for path in paths if path.startswith("/streams/")}
        for path in sorted(paths):
            with httpx.stream("GET", self._newcomer.here(ADDRESSES["STREAM"] + path), timeout=30) as response:
                assert response.status_code == 200, path

    def try_what_the_banner_says(self) -> None:
        """The commands and the page that `make dev` prints work as they stand there."""
        lines = [line.strip() for line in self._newcomer.printed]
        (post,) = [line for line in lines if line.startswith("curl -X POST")]
        (follow,) = [line for line in lines if line.startswith("curl -N")]
        (page,) = [line for line in lines if line.endswith("/streams/p_hello")]

        assert '"status":"Completed"' in self._newcomer.run(post)
        assert httpx.get(page).status_code == 200
        self._until(follow, lambda seen: "event: events" in seen)

    def _type(self, command: str) -> None:
        self.typed.add(command.split(maxsplit=1)[0])
        if command.startswith("make dev"):
            self._newcomer.start(command)
        elif command.startswith("export "):
            self._newcomer.export(command)
        elif command.startswith("curl -N"):
            self._curl = self._newcomer.follow(command)
        elif "tailrace tail" in command:
            self._until(command, lambda seen: "Obi Wan" in "".join(seen))
        else:
            printed = self._newcomer.run(command)
            assert printed, command
            assert "Failed" not in printed

    def _see(self, block: Block) -> None:
        """What the README shows arrives, but for the id, which is the stream's own."""
        shown = [line for line in block.text.splitlines() if not line.startswith("id: ")]
        curl = self._curl
        assert curl is not None
        curl.expect(lambda: "\n".join(shown) in "\n".join(curl.lines))
        assert re.search(r"^id: [0-9a-z]+-1$", "\n".join(curl.lines), re.MULTILINE)
        curl.stop()

    def _save(self, block: Block) -> None:
        """A saved workflow is taken up, and runs."""
        (name,) = re.findall(r'Workflow\("(p_\w+)"\)', block.text)
        before = len(self._newcomer.printed)
        (self._newcomer.clone / "workflows" / f"{name.removeprefix('p_')}.py").write_text(block.text)
        dev = self._newcomer.dev
        dev.expect(lambda: any("api_started" in line for line in dev.lines[before:]))

    def _until(self, command: str, seen: Callable[[list[str]], object]) -> None:
        following = self._newcomer.follow(command)
        following.expect(lambda: seen(following.lines))
        following.stop(signal.SIGINT)


def test_plain_make_prints_the_menu(newcomer: Newcomer) -> None:
    menu = newcomer.run("make", patience=60)

    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text())) | {"dev", "test"}
    assert {f"make {target}" for target in named} <= {" ".join(line.split()[:2]) for line in menu.splitlines()}
