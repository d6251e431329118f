"""Changed files are told by name."""

from pathlib import Path
from queue import Empty, Queue

from cli.changes import watching
from cli.running_system import DEV_FILE


def test_changed_file_is_told_and_neither_bytecode_nor_what_dev_writes(tmp_path: Path) -> None:
    told: Queue[list[str]] = Queue()

    with watching(tmp_path, told.put):
        names: set[str] = set()
        (tmp_path / "__pycache__").mkdir()
        (tmp_path / DEV_FILE).parent.mkdir()
        number = 0
        while "hello.py" not in names:
            number += 1
            (tmp_path / "__pycache__" / "hello.pyc").write_text(str(number))
            (tmp_path / DEV_FILE).write_text(str(number))
            (tmp_path / "hello.py").write_text(str(number))
            names.update(_next(told))

    assert names <= {"hello.py", "__pycache__"}


def _next(told: "Queue[list[str]]") -> list[str]:
    try:
        return told.get(timeout=1)
    except Empty:
        return []
