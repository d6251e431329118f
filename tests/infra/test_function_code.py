"""What is in a function's zip."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.packages import PackagesUnavailable, Platform, install
from tests.infra.conftest import ROOT
from tests.infra.templates import Assembly

MEBIBYTE = 1024 * 1024
LAMBDAS_LIMIT = 50 * MEBIBYTE
ELF_MACHINE = slice(18, 20)
IDNA_3_6 = "c05567e9c24a6b9faaa835c4821bad0590fbb9d5779e7caa6e1cc4978e7eb24f"
"""Not the newest, which is what people's packages would get by themselves; as PyPI has its wheel."""
AARCH64 = (183).to_bytes(2, "little")
"""Source: ELF for the Arm 64-bit Architecture, "ELF header": e_machine is 183."""


@pytest.fixture(scope="session")
def arm64_zip(dev: Assembly) -> Path:
    """The folder that CDK uploads as the workflow function's zip."""
    function = dev.workflow_api.only("AWS::Lambda::Function", containing="Runner")
    return dev.folder / f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"


def test_zip_for_arm_holds_arms_binaries_alone(arm64_zip: Path) -> None:
    binaries = list(arm64_zip.rglob("*.so"))

    assert {binary.read_bytes()[ELF_MACHINE] for binary in binaries} == {AARCH64}
    assert any("pydantic_core" in binary.name for binary in binaries)
    assert all("cpython-313-aarch64" in binary.name or ".cpython-" not in binary.name for binary in binaries)


def test_zip_fits_what_lambda_takes(arm64_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "function.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in arm64_zip.rglob("*"):
            archive.write(file, file.relative_to(arm64_zip))

    assert (tmp_path / "function.zip").stat().st_size < LAMBDAS_LIMIT


def test_zip_holds_workflows_and_what_runs_them_and_nothing_that_tests_or_deploys(arm64_zip: Path) -> None:
    names = {path.name for path in arm64_zip.iterdir()}

    assert {"lambdas", "tailrace", "workflows", "boto3", "mangum"} <= names
    assert not {"tests", "infra", "stream_service", "cli", "bin", "aws_cdk", "moto", "pytest"} & names
    assert not list(arm64_zip.rglob("*.pyc")) or sys.version_info[:2] == (3, 13)


def test_handler_imports_from_the_zip_alone(tmp_path: Path) -> None:
    folder = tmp_path / "zip"
    # Assembled by a program of its own: importing the CDK takes seconds, and this process may not need it.
    command = [sys.executable, "-m", "tests.infra.assemble_here", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=100, umask=0o077)

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _IMPORT.format(folder=str(folder))],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["p_hello"]
    assert [path for path in folder.rglob("*") if not path.stat().st_mode & 0o004] == []


_IMPORT = """
import sys
sys.path.insert(0, {folder!r})
import lambdas.workflow_api.handler
from pathlib import Path
from tailrace.workflow import load_workflows
assert all(getattr(module, "__file__", None) is None or str(module.__file__).startswith(({folder!r}, sys.base_prefix))
           for module in list(sys.modules.values()))
print(*[name for name in load_workflows(Path("workflows")).workflows if name == "p_hello"])
"""


def test_people_are_told_which_package_has_no_wheel(tmp_path: Path) -> None:
    extra = tmp_path / "requirements.txt"
    extra.write_text("docopt==0.6.2\n")  # a source distribution, and nothing else
    platform = Platform(python="3.13", architecture="arm64")

    with pytest.raises(PackagesUnavailable, match=r"docopt==0.6.2 has no wheel for Python 3.13 on arm64 Linux"):
        install(locked=[_nothing(tmp_path)], extra=extra, platform=platform, cache=tmp_path / "cache")


def test_peoples_packages_come_with_the_locks_versions_of_what_both_need(tmp_path: Path) -> None:
    extra = tmp_path / "requirements.txt"
    extra.write_text("anyio\n")
    locked = tmp_path / "locked.txt"
    locked.write_text(f"idna==3.6 \\\n    --hash=sha256:{IDNA_3_6}\n")
    platform = Platform(python="3.13", architecture="arm64")

    folder = install(locked=[locked], extra=extra, platform=platform, cache=tmp_path / "cache")

    assert (folder / "anyio").is_dir()
    assert [path.name for path in folder.glob("idna-*.dist-info")] == ["idna-3.6.dist-info"]


def test_packages_are_installed_once_and_anew_when_what_is_wanted_changes(tmp_path: Path) -> None:
    extra = tmp_path / "requirements.txt"
    platform = Platform(python="3.13", architecture="arm64")
    first = install(locked=[_nothing(tmp_path)], extra=extra, platform=platform, cache=tmp_path / "cache")
    again = install(locked=[_nothing(tmp_path)], extra=extra, platform=platform, cache=tmp_path / "cache")
    extra.write_text("six\n")

    changed = install(locked=[_nothing(tmp_path)], extra=extra, platform=platform, cache=tmp_path / "cache")

    assert first == again != changed
    assert (changed / "six.py").exists()


def _nothing(folder: Path) -> Path:
    locked = folder / "locked.txt"
    locked.write_text("")
    return locked
