"""A function's zip: its packages and our own source, put together on the machine that deploys, without Docker."""

import compileall
import py_compile
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.packages import Platform, install

ROOT = Path(__file__).resolve().parent.parent
_CACHE = ROOT / "build" / "packages"
_READ, _ENTER = 0o444, 0o555
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules", "requirements.txt", "README.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSource:
    """What a function's zip is made of; paths are relative to the checkout."""

    entry: str
    """The folder of the function itself."""
    modules: tuple[str, ...]
    """The folders and files that are copied as they are."""
    requirements: tuple[str, ...] = ()
    """The locks of its packages."""
    extra_requirements: str = "workflows/requirements.txt"


def function_code(source: FunctionSource, *, platform: Platform) -> lambda_.Code:
    """The code of a function, assembled while the template is made."""
    return lambda_.Code.from_asset(
        str(ROOT / source.entry),
        # By what comes out: the default, by what goes in, would not tell one architecture's wheels from another's.
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("scratch"), local=_LocalBundling(source, platform=platform)
        ),
    )


def assemble(source: FunctionSource, *, platform: Platform, into: Path) -> None:
    """Put a function's packages and source into a folder."""
    if source.requirements:
        packages = install(
            locked=[ROOT / each for each in source.requirements],
            extra=ROOT / source.extra_requirements,
            platform=platform,
            cache=_CACHE,
        )
        shutil.copytree(packages, into, dirs_exist_ok=True)
    for module in source.modules:
        _copy(ROOT / module, into / module)
    _compile(into, platform)
    let_everybody_read(into)


def let_everybody_read(folder: Path) -> None:
    """Let Lambda's user read a function's files, whatever the umask of the machine that deploys: zips keep modes."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue  # what it points to has its turn
        path.chmod(path.stat().st_mode | (_ENTER if path.is_dir() else _READ))


@jsii.implements(ILocalBundling)
class _LocalBundling:
    """CDK's way to ask for a folder of files."""

    def __init__(self, source: FunctionSource, *, platform: Platform) -> None:
        self._source = source
        self._platform = platform

    def try_bundle(self, output_dir: str, *_options: object, **_more_options: object) -> bool:
        assemble(self._source, platform=self._platform, into=Path(output_dir))
        return True


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _compile(folder: Path, platform: Platform) -> None:
    """Write bytecode where this interpreter is the platform's: a function's file system is read-only.

    Unchecked, since the zip's time stamps are not the source's; and so that the same source gives the same zip.
    """
    if platform.python == f"{sys.version_info.major}.{sys.version_info.minor}":
        compileall.compile_dir(
            folder,
            quiet=2,
            stripdir=str(folder),
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
