"""The runbook has a section for each alarm that there is, and for no other."""

import re
from pathlib import Path

from infra.monitoring import RUNBOOK
from tests.infra.templates import Assembly

PAGE = Path(__file__).parents[2] / RUNBOOK


def test_each_alarm_has_its_section_in_the_runbook(prod: Assembly) -> None:
    alarms = {
        re.sub("^Monitoring(.*)[0-9A-F]{8}$", r"\1", name) for name in prod.monitoring.of_type("AWS::CloudWatch::Alarm")
    }
    _, _, rest = PAGE.read_text().partition("\n## Alarms\n")
    chapter, _, _ = rest.partition("\n## ")

    assert set(re.findall(r"^### (\w+)$", chapter, re.MULTILINE)) == alarms
    assert all(len(text.strip()) > 60 for text in re.split(r"^### \w+$", chapter, flags=re.MULTILINE)[1:])
