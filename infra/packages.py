"""A function's packages: wheels for where it will run, installed by pip on whatever machine deploys."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.config import Architecture

_NEWEST_MANYLINUX = 34  # the minor version of Amazon Linux 2023's glibc
_OLDEST_MANYLINUX = 17
_MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}
_HASH = re.compile(r"\s*\\?\s*--hash=\S+")
_NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")


class PackagesUnavailable(Exception):
    """pip could not install what a function needs; the message names the package, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where packages will run."""

    python: str
    architecture: Architecture
    this_machine: bool = False

    @property
    def pip_options(self) -> list[str]:
        """What makes pip install for this platform, from wheels alone."""
        if self.this_machine:
            return []
        machine = _MACHINE[self.architecture]
        minors = range(_NEWEST_MANYLINUX, _OLDEST_MANYLINUX - 1, -1)
        tags = [*(f"manylinux_2_{minor}_{machine}" for minor in minors), f"manylinux2014_{machine}"]
        options = [option for tag in tags for option in ("--platform", tag)]
        return [*options, "--implementation", "cp", "--python-version", self.python, "--only-binary", ":all:"]


def install(*, locked: Sequence[Path], extra: Path, platform: Platform, cache: Path) -> Path:
    """Return a folder with the packages of requirements files; kept in `cache`, made anew when one changes.

    `locked` name every package with its hashes. `extra` is what people wrote; it may be missing, and gets the locked
    versions of whatever the two have in common.

    Raises:
        PackagesUnavailable: a package has no wheel for the platform, or pip failed otherwise.
    """
    wanted = extra.read_bytes() if extra.exists() else b""
    digest = hashlib.sha256(
        b"\0".join([repr(platform).encode(), *(each.read_bytes() for each in locked), wanted])
    ).hexdigest()
    folder = cache / digest[:16]
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        packages = Path(scratch) / "packages"
        # What they have in common is in the same versions: pip takes it once.
        locks = [argument for each in locked for argument in ("--requirement", str(each))]
        _pip(packages, "--no-deps", "--require-hashes", *locks, platform=platform)
        if wanted.strip():
            _install_extra(packages, extra, locked=locked, scratch=Path(scratch), platform=platform)
        _keep(packages, folder)
    return folder


def _install_extra(packages: Path, extra: Path, *, locked: Sequence[Path], scratch: Path, platform: Platform) -> None:
    versions = scratch / "versions.txt"
    versions.write_text("\n".join(_HASH.sub("", each.read_text()) for each in locked))
    added = scratch / "extra"
    _pip(added, "--requirement", str(extra), "--constraint", str(versions), platform=platform)
    if added.exists():
        shutil.copytree(added, packages, dirs_exist_ok=True)


def _pip(target: Path, *arguments: str, platform: Platform) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--target", str(target), *platform.pip_options, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if result.returncode == 0:
        return
    if match := _NOT_FOUND.search(result.stderr):
        raise PackagesUnavailable(
            f"{match[1]} has no wheel for Python {platform.python} on {platform.architecture} Linux. Name a version "
            "that has one, or a package that is not compiled, in your requirements file."
        )
    raise PackagesUnavailable(f"pip could not install a function's packages:\n{result.stderr.strip()}")


def _keep(packages: Path, folder: Path) -> None:
    # pip's scripts name this machine's interpreter, and its records this machine's choices: neither belongs in a zip.
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for record in [*packages.glob("*.dist-info/RECORD"), *packages.glob("*.dist-info/REQUESTED")]:
        record.unlink()
    try:
        packages.rename(folder)
    except OSError:
        if not folder.exists():  # else somebody was faster, with the same packages
            raise
