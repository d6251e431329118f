"""Tells when files of a folder have changed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import DefaultFilter, watch

from cli.running_system import DEV_FILE

_QUIET = 50
"""Milliseconds without a further change after which changes are told."""
_LONGEST = 500
"""Milliseconds after which they are told in any case."""
_STOP_CHECK = 200
_AUTHORS = DefaultFilter(ignore_dirs=(*DefaultFilter.ignore_dirs, DEV_FILE.parent.name))
"""Leaves out what Python, npm and Tailrace itself write."""


@contextmanager
def watching(folder: Path, on_change: Callable[[list[str]], None]) -> Iterator[None]:
    """Tell the names of changed files, from a thread, while the context is open."""
    stop = threading.Event()

    def tell() -> None:
        for changes in watch(
            folder,
            watch_filter=_AUTHORS,
            stop_event=stop,
            step=_QUIET,
            debounce=_LONGEST,
            rust_timeout=_STOP_CHECK,
        ):
            on_change(sorted({Path(path).name for _, path in changes}))

    thread = threading.Thread(target=tell, name="changes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
