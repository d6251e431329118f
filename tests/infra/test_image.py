"""What the stream service's Dockerfile promises."""

import re

from infra.config import WorkflowApiConfig
from infra.function_code import ROOT
from infra.image import DOCKERFILE


def test_all_stages_have_one_base_whose_releases_of_python_and_debian_are_named() -> None:
    text = (ROOT / DOCKERFILE).read_text()
    [tag] = re.findall(r"^ARG BASE=\S+/python:(\S+)$", text, re.MULTILINE)
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)

    assert re.fullmatch(re.escape(WorkflowApiConfig().python) + r"-slim-[a-z]+", tag)
    assert len(stages) == 2
    assert set(stages) == {"$BASE"}


def test_image_runs_as_nobody_in_particular_and_installs_what_is_locked_alone() -> None:
    text = (ROOT / DOCKERFILE).read_text()
    installs = [line for line in text.splitlines() if "pip install" in line]

    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    assert len(installs) == 1
    assert "--require-hashes --only-binary :all:" in installs[0]
