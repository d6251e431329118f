import importlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.errors import WorkflowsNotFound
from tailrace.modules import import_folder


def names_of_workflows() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "workflows"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _leaves_this_process_as_it_was() -> Iterator[None]:
    modules, finders = dict(sys.modules), list(sys.meta_path)
    yield
    for name in names_of_workflows():
        del sys.modules[name]
    sys.modules.update({name: module for name, module in modules.items() if name.partition(".")[0] == "workflows"})
    sys.meta_path[:] = finders


@pytest.fixture
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the checkout's own `workflows`, as where a wheel or a zip has none."""
    monkeypatch.setattr(sys, "path", [place for place in sys.path if not (Path(place) / "workflows").exists()])
    for name in names_of_workflows():
        monkeypatch.delitem(sys.modules, name)


def write(folder: Path, **modules: str) -> None:
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)


def test_modules_are_imported_in_alphabetical_order(folder: Path) -> None:
    write(folder, b="value = 2", a="value = 1", c="value = 3")

    modules, failures = import_folder(folder)

    assert [(name, module.value) for name, module in modules.items()] == [("a", 1), ("b", 2), ("c", 3)]
    assert failures == ()


def test_names_that_begin_with_an_underscore_or_a_dot_are_left_out(folder: Path) -> None:
    write(folder, a="", _helper="raise RuntimeError")
    (folder / ".#a.py").write_text("raise RuntimeError")
    (folder / "notes.txt").write_text("no module")

    assert list(import_folder(folder)[0]) == ["a"]


def test_package_counts_as_a_module_and_other_folders_do_not(folder: Path) -> None:
    (folder / "orders").mkdir()
    write(folder / "orders", __init__="from .parts import value", parts="value = 7")
    (folder / "steps").mkdir()
    write(folder / "steps", names="raise RuntimeError")

    modules, failures = import_folder(folder)

    assert [(name, module.value) for name, module in modules.items()] == [("orders", 7)]
    assert failures == ()


def test_module_name_may_have_hyphens(folder: Path) -> None:
    write(folder, **{"my-flow": "value = 1"})

    assert list(import_folder(folder)[0]) == ["my-flow"]


@pytest.mark.parametrize(
    "statement",
    [
        "from workflows._helper import value",
        "from ._helper import value",
        "from . import _helper\nvalue = _helper.value",
    ],
)
def test_modules_find_the_helpers_beside_them(folder: Path, statement: str) -> None:
    write(folder, a=statement, _helper="value = 5")

    assert import_folder(folder)[0]["a"].value == 5


def test_helper_is_imported_once_for_all_modules(folder: Path) -> None:
    write(folder, a="from ._helper import thing", b="from workflows._helper import thing", _helper="thing = object()")

    modules, _ = import_folder(folder)

    assert modules["a"].thing is modules["b"].thing


def test_helpers_may_stand_in_folders(folder: Path) -> None:
    (folder / "lib").mkdir()
    write(folder / "lib", money="value = 9")
    write(folder, a="from workflows.lib.money import value")

    assert import_folder(folder)[0]["a"].value == 9


def test_load_sees_what_was_edited_also_within_the_same_second(folder: Path) -> None:
    write(folder, a="from ._helper import value", _helper="value = 1")
    import_folder(folder)
    then = (folder / "_helper.py").stat()

    write(folder, _helper="value = 2")
    os.utime(folder / "_helper.py", ns=(then.st_atime_ns, then.st_mtime_ns))

    assert import_folder(folder)[0]["a"].value == 2


def test_earlier_load_goes_on_with_what_it_has(folder: Path) -> None:
    write(folder, a="value = 1")
    earlier, _ = import_folder(folder)

    write(folder, a="value = 2")
    import_folder(folder)

    assert earlier["a"].value == 1


def test_module_that_is_gone_is_not_imported_again(folder: Path) -> None:
    write(folder, a="from . import b", b="")
    import_folder(folder)

    (folder / "b.py").unlink()
    modules, (failure,) = import_folder(folder)

    assert not modules
    assert failure.module == "a"


def test_loading_leaves_no_files_behind(folder: Path) -> None:
    write(folder, a="from . import _helper", _helper="")

    import_folder(folder)

    assert sorted(path.name for path in folder.iterdir()) == ["_helper.py", "a.py"]


def test_folder_elsewhere_leaves_the_workflows_that_python_knows_alone(folder: Path) -> None:
    ours = importlib.import_module("workflows.hello")
    write(folder, hello="value = 1")

    import_folder(folder)

    assert sys.modules["workflows.hello"] is ours
    assert not hasattr(sys.modules["workflows.hello"], "value")


@pytest.mark.usefixtures("nowhere_else")
def test_step_may_import_a_helper_when_it_runs(folder: Path) -> None:
    write(folder, a="def value():\n    from workflows._helper import value\n    return value", _helper="value = 3")

    modules, _ = import_folder(folder)

    assert modules["a"].value() == 3


@pytest.mark.usefixtures("nowhere_else")
def test_helper_that_is_imported_when_a_step_runs_is_that_of_the_newest_load(folder: Path) -> None:
    write(folder, a="def value():\n    from workflows._helper import value\n    return value", _helper="value = 3")
    import_folder(folder)[0]["a"].value()

    write(folder, _helper="value = 4")

    assert import_folder(folder)[0]["a"].value() == 4
    assert sum(type(finder).__module__ == "tailrace.modules" for finder in sys.meta_path) == 1


def test_package_may_have_code_of_its_own(folder: Path) -> None:
    write(folder, __init__="RATE = 19", a="from workflows import RATE as value")

    assert import_folder(folder)[0]["a"].value == 19


def test_package_whose_own_code_fails_does_not_take_its_modules_down(folder: Path) -> None:
    write(folder, __init__="1 / 0", a="value = 1")

    modules, (failure,) = import_folder(folder)

    assert modules["a"].value == 1
    assert (failure.module, failure.reason) == ("__init__", "ZeroDivisionError: division by zero (__init__.py:1)")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_package", "The package 'no_such_package' is not installed (a.py:1)."),
        ("\nfrom no_such.sub import x", "The package 'no_such' is not installed (a.py:2)."),
        ("import json.no_such", "The package 'json.no_such' is not installed (a.py:1)."),
        ("from workflows._gone import x", "There is no module workflows._gone beside it (a.py:1)."),
        ("from ._gone import x", "There is no module workflows._gone beside it (a.py:1)."),
        ("from json import nothing", "ImportError: cannot import name 'nothing' from 'json'"),
        ("\n\nnothing", "NameError: name 'nothing' is not defined (a.py:3)"),
        ("def f(:", "SyntaxError: invalid syntax (a.py:1)"),
        ("import json\njson.loads('{')", "(a.py:2)"),
        ("import sys\nsys.exit('stop')", "SystemExit: stop (a.py:2)"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines (a.py:1)"),
        ("from ._broken import x", "ZeroDivisionError: division by zero (_broken.py:2)"),
        ("x = '\\ud800'.encode()", "UnicodeEncodeError"),
    ],
)
def test_module_that_cannot_be_imported_names_the_cause_and_its_line(folder: Path, source: str, reason: str) -> None:
    write(folder, a=source, b="value = 1", _broken="\n1 / 0")

    modules, (failure,) = import_folder(folder)

    assert list(modules) == ["b"]
    assert failure.module == "a"
    assert reason in failure.reason
    assert str(folder) not in failure.reason


def test_module_that_is_no_text_is_told(folder: Path) -> None:
    (folder / "a.py").write_bytes(b"value = '\xff'")

    _, (failure,) = import_folder(folder)

    assert failure.reason.startswith("SyntaxError")


def test_dot_in_a_modules_name_is_told(folder: Path) -> None:
    write(folder, **{"my.flow": ""})

    _, (failure,) = import_folder(folder)

    assert (failure.module, failure.reason) == ("my.flow", "A module's name has no dot in it: rename my.flow.py.")


def test_failure_is_logged_with_its_traceback(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(folder, a="1 / 0")

    with caplog.at_level(logging.ERROR):
        import_folder(folder)

    (line,) = caplog.records
    assert (line.message, vars(line)["workflow_module"]) == ("module_not_imported", "a")
    assert line.exc_info is not None


def test_interrupt_is_no_failure_of_a_module(folder: Path) -> None:
    ours = importlib.import_module("workflows.hello")
    write(folder, a="raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        import_folder(folder)

    assert sys.modules["workflows.hello"] is ours


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for name in ("gone", "file"):
        with pytest.raises(WorkflowsNotFound, match=f"There is no folder '{name}'"):
            import_folder(tmp_path / name)
