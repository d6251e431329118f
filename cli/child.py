"""Runs a module as a child that does not outlive its parent: `python -m cli.child MODULE [ARGUMENTS]`.

The parent holds the other end of the child's standard input. However the parent ends, that end closes with it, and the
child stops as if it had been told to; so a killed terminal or test run leaves no server behind.
"""

import os
import runpy
import signal
import sys
import threading
import time

_GRACE = 10.0
"""Seconds that an orphan gets to stop by itself."""


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def main() -> None:
    """Run the module that the command line names."""
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
