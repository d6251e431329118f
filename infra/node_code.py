"""The zip of the function that runs Node.js steps: the runner, and beside it the workflows' folder without its Python.

index.mjs  checks.mjs  …           lambdas/node_steps
workflows/steps/names.mjs          files keep their places, by which workflows name them
workflows/steps/node_modules/      what the package.json beside the steps names
"""

import shutil
import subprocess
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.function_code import ROOT, let_everybody_read
from infra.packages import PackagesUnavailable, Platform
from tailrace.node import SUFFIXES

RUNNER = ROOT / "lambdas" / "node_steps"
WORKFLOWS = ROOT / "workflows"
_LEFT_OUT = shutil.ignore_patterns("*.py", "*.pyc", "__pycache__", "node_modules", "requirements.txt", "README.md")
_CPU = {"arm64": "arm64", "x86_64": "x64"}
_NPM = ("npm", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def has_node_steps(workflows: Path = WORKFLOWS) -> bool:
    """Whether there is a file that a workflow could name as a step."""
    files = (file.relative_to(workflows) for suffix in SUFFIXES for file in workflows.rglob(f"*{suffix}"))
    return any("node_modules" not in file.parts for file in files)


def node_code(*, platform: Platform) -> lambda_.Code:
    """The code of the function, assembled while the template is made."""
    return lambda_.Code.from_asset(
        str(RUNNER),
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(image=DockerImage.from_registry("scratch"), local=_LocalBundling(platform=platform)),
    )


def assemble(into: Path, *, platform: Platform, workflows: Path = WORKFLOWS) -> None:
    """Put the runner, the steps and their packages into a folder.

    Raises:
        PackagesUnavailable: npm is missing, or could not install what a package.json names.
    """
    for module in sorted(RUNNER.glob("*.mjs")):
        shutil.copyfile(module, into / module.name)
    shutil.copytree(workflows, into / "workflows", ignore=_LEFT_OUT)
    for package in sorted((into / "workflows").rglob("package.json")):
        _install(package.parent, platform)
    let_everybody_read(into)


@jsii.implements(ILocalBundling)
class _LocalBundling:
    """CDK's way to ask for a folder of files."""

    def __init__(self, *, platform: Platform) -> None:
        self._platform = platform

    def try_bundle(self, output_dir: str, *_options: object, **_more_options: object) -> bool:
        assemble(Path(output_dir), platform=self._platform)
        return True


def _install(folder: Path, platform: Platform) -> None:
    command = [*_NPM, "ci" if (folder / "package-lock.json").exists() else "install"]
    if not platform.this_machine:
        command += ["--os=linux", f"--cpu={_CPU[platform.architecture]}", "--libc=glibc"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    except FileNotFoundError as error:
        raise PackagesUnavailable("npm is missing; `make deploy` brings it, with Node.js.") from error
    if done.returncode != 0:
        raise PackagesUnavailable(f"npm could not install the packages of Node.js steps:\n{done.stderr.strip()}")
