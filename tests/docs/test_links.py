"""What a document leads to is there."""

import re
from pathlib import Path

import pytest

from tests.support.markdown import DOCUMENTS, ROOT, links

OURS = "tailrace|lambdas|stream_service|cli|workflows|docs|examples|tests|infra|benchmarks"
PATH = re.compile(rf"`((?:{OURS})/[\w./-]*)`")
GENERATED = {"workflows/requirements.txt", "workflows/steps/package.json"}
"""What a user's own project may have."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    here = [link.partition("#")[0] for link in links(document) if "://" not in link]

    assert [link for link in here if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_are_there(document: Path) -> None:
    named = set(PATH.findall(document.read_text())) - GENERATED

    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
