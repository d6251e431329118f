from pathlib import Path

import workflows
from tailrace.workflow import load_workflows

FOLDER = Path(workflows.__path__[0])


def test_every_example_can_be_imported() -> None:
    registry = load_workflows(FOLDER)

    assert registry.failures == ()
    assert set(registry.workflows) >= {"p_cron", "p_half_way", "p_hello", "p_names", "p_orders"}


def test_every_example_says_how_to_run_it() -> None:
    for workflow_id in ("p_cron", "p_half_way", "p_hello", "p_names", "p_orders"):
        texts = [file.read_text() for file in FOLDER.glob("*.py") if f'"{workflow_id}"' in file.read_text()]
        assert any(f"curl -X POST $API/pipelines/{workflow_id}/events" in text for text in texts)
