"""Imports a folder of modules by their files, anew at each load; one that fails does not take the others down.

They are imported as `workflows.<name>`, whatever the folder is called, so that they find the helpers beside them:
`from workflows._money import total`, or `from ._money import total`.
"""

import importlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from tailrace.errors import TailraceError, WorkflowsNotFound

PACKAGE = "workflows"
MAX_REASON = 1_000
"""Characters of an error's message."""

logger = logging.getLogger(__name__)
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """A module that could not be imported, or has a workflow whose id is taken."""

    module: str
    reason: str
    """The package that is missing, or the error, and the file and line where it is; or where the same id is."""


def import_folder(folder: Path) -> tuple[dict[str, ModuleType], tuple[ImportFailure, ...]]:
    """Import every module of a folder whose name does not begin with `_`, in alphabetical order.

    Raises:
        WorkflowsNotFound: there is no such folder.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise WorkflowsNotFound(f"There is no folder {folder.name!r} to import workflows from.")
    modules: dict[str, ModuleType] = {}
    failures: list[ImportFailure] = []
    with _lock, _importing_from(folder) as finder:
        _import("__init__", finder, {}, failures)
        for name in _module_names(folder):
            _import(name, finder, modules, failures)
    return modules, tuple(failures)


def _module_names(folder: Path) -> list[str]:
    files = {path.stem for path in folder.glob("*.py")}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return sorted(name for name in files | packages if not name.startswith(("_", ".")))


def _import(name: str, finder: "_Finder", modules: dict[str, ModuleType], failures: list[ImportFailure]) -> None:
    if "." in name:
        failures.append(ImportFailure(name, f"A module's name has no dot in it: rename {name}.py."))
        return
    try:
        modules[name] = importlib.import_module(PACKAGE if name == "__init__" else f"{PACKAGE}.{name}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may call sys.exit(), and must not end this process
        failures.append(ImportFailure(name, _explain(error, finder.folder)))
        logger.exception("module_not_imported", extra={"workflow_module": name})
        finder.runs_init = finder.runs_init and name != "__init__"


@contextmanager
def _importing_from(folder: Path) -> Iterator["_Finder"]:
    """Let `workflows` mean this folder: for good, unless that is another folder's name on the path of Python."""
    modules, finders = _modules_now(), [finder for finder in sys.meta_path if isinstance(finder, _Finder)]
    finder = _Finder(folder)
    _exchange({}, [finder])
    try:
        yield finder
    finally:
        if _belongs_elsewhere(folder):
            _exchange(modules, finders)


def _modules_now() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{PACKAGE}.")}


def _exchange(modules: dict[str, ModuleType], finders: Sequence["_Finder"]) -> None:
    for name in _modules_now():
        del sys.modules[name]
    sys.modules.update(modules)
    sys.meta_path[:] = [*finders, *(finder for finder in sys.meta_path if not isinstance(finder, _Finder))]


def _belongs_elsewhere(folder: Path) -> bool:
    spec = PathFinder.find_spec(PACKAGE)
    places = (spec.submodule_search_locations or ()) if spec else (str(folder),)
    return folder not in {Path(place).resolve() for place in places}


class _Finder(MetaPathFinder):
    """Finds the package `workflows` in a folder, and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs_init = True

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Answer for this package alone."""
        if fullname == PACKAGE:
            return self._package()
        if not fullname.startswith(f"{PACKAGE}."):
            return None
        specs = (FileFinder(place, (_Loader, SOURCE_SUFFIXES)).find_spec(fullname, target) for place in path or ())
        return next(filter(None, specs), None)

    def _package(self) -> ModuleSpec | None:
        places, init = [str(self.folder)], self.folder / "__init__.py"
        if self.runs_init and init.is_file():
            loader = _Loader(PACKAGE, str(init))
            return spec_from_file_location(PACKAGE, init, loader=loader, submodule_search_locations=places)
        spec = ModuleSpec(PACKAGE, None, is_package=True)
        spec.submodule_search_locations = places
        return spec


class _Loader(SourceFileLoader):
    """Compiles the source each time: bytecode is told apart by second and size, too coarse for quick edits."""

    def path_stats(self, path: str) -> NoReturn:  # without these, bytecode is neither read nor written
        """Say that there is none."""
        raise OSError(f"{path} is compiled anew at each load.")


def _explain(error: BaseException, folder: Path) -> str:
    place = _place(error, folder)
    if isinstance(error, ModuleNotFoundError) and error.name:
        if f"{error.name}.".startswith(f"{PACKAGE}."):
            return f"There is no module {error.name} beside it{place}."
        return f"The package {error.name!r} is not installed{place}."
    if isinstance(error, TailraceError):
        return f"{error}{place}"
    text = error.msg if isinstance(error, SyntaxError) else str(traceback.TracebackException.from_exception(error))
    return f"{type(error).__name__}: {' '.join(text.split())[:MAX_REASON]}{place}"


def _place(error: BaseException, folder: Path) -> str:
    """Find the line of the folder where the error is, as ` (orders.py:12)`."""
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno))
    for file, line in reversed(lines):
        if Path(file).is_relative_to(folder):
            return f" ({Path(file).relative_to(folder)}:{line})"
    return ""
