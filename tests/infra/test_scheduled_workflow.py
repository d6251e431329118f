"""Which workflows are deployed with a schedule."""

from pathlib import Path

import pytest

from infra.scheduled_workflow import ScheduledWorkflow, WorkflowsNotUsable, scheduled_workflows


def test_workflows_with_a_schedule_are_found_and_others_left_out(tmp_path: Path) -> None:
    (tmp_path / "ticking.py").write_text(
        'from tailrace import Workflow\nworkflow = Workflow("p_tick", schedule="rate(1 minute)")\n'
    )
    (tmp_path / "asked.py").write_text('from tailrace import Workflow\nworkflow = Workflow("p_asked")\n')

    assert scheduled_workflows(tmp_path) == [ScheduledWorkflow(workflow_id="p_tick", schedule="rate(1 minute)")]


def test_nothing_is_deployed_while_a_module_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import a_package_that_nobody_has\n")

    with pytest.raises(WorkflowsNotUsable, match="a_package_that_nobody_has"):
        scheduled_workflows(tmp_path)


def test_nothing_is_deployed_while_two_workflows_have_one_id(tmp_path: Path) -> None:
    for name, schedule in [("nightly", "rate(1 day)"), ("hourly", "rate(1 hour)")]:
        text = f'from tailrace import Workflow\nworkflow = Workflow("p_report", schedule="{schedule}")\n'
        (tmp_path / f"{name}.py").write_text(text)

    with pytest.raises(WorkflowsNotUsable) as refused:
        scheduled_workflows(tmp_path)

    assert "nightly: Its workflow p_report is in hourly.py, too" in str(refused.value)
    assert "hourly: Its workflow p_report is in nightly.py, too" in str(refused.value)
