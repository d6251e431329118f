"""What holds for every template: AWS's checklist, the linter, no names of our own, and how they are made."""

import json
import subprocess
import sys
from pathlib import Path

from tests.infra.templates import Assembly, Template
from tests.infra.unexplained_stage import REFUSAL

MINUTE = 60
SHARED_BY_LIBRARIES = (
    "DeployTimeBuildCustomResourceHandler",
    "ContainerImageBuild",
    "AWS679f53fac002430cb0da5b7982bd2287",
)
_NAMING_PROPERTIES = {
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
}


def test_stage_passes_awss_checklist_and_cdks_own(stage: Assembly) -> None:
    report = json.loads((stage.folder / "validation-report.json").read_text())

    assert [plugin["pluginName"] for plugin in report["pluginReports"] if plugin["violations"]] == []


def test_checklist_stops_a_stack_that_departs_from_it_without_a_reason(assemblies: Path) -> None:
    report = json.loads((assemblies / "unexplained" / "validation-report.json").read_text())

    found = {violation["ruleName"] for plugin in report["pluginReports"] for violation in plugin["violations"]}
    assert "AwsSolutions-SNS3" in found
    assert "ValidationFailed" in (assemblies / "unexplained" / REFUSAL).read_text()


def test_acknowledgements_sit_on_constructs_each_with_a_reason(stage: Assembly) -> None:
    acknowledged = dict(_acknowledged(stage))

    assert acknowledged
    for path, reasons in acknowledged.items():
        _, *place = path.strip("/").split("/")
        assert len(place) > 1 or place[0].startswith(SHARED_BY_LIBRARIES), f"{path}: a stack is no construct of ours"
        assert all(len(reason) > 20 for reason in reasons), path


def test_linter_finds_neither_errors_nor_warnings(dev: Assembly, prod: Assembly, custom: Assembly) -> None:
    templates = [str(path) for stage in (dev, prod, custom) for path in sorted(stage.folder.glob("*.template.json"))]
    ignored = "W3005"  # CDK writes down every dependency, also those that a reference already implies

    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--format", "json", "--ignore-checks", ignored, "--", *templates],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    found = [(Path(each["Filename"]), each["Rule"]["Id"], each["Message"]) for each in json.loads(result.stdout)]
    chosen = "W3010"  # a zone's name in a template: in this stage, people chose theirs
    assert [each for each in found if each[:2] != (_stream_service(custom), chosen)] == []
    assert len(templates) == 23


def test_nothing_has_a_name_of_our_own(stage: Assembly) -> None:
    for _, template in stage.templates:
        for name, resource in template.resources.items():
            naming = _NAMING_PROPERTIES.get(resource["Type"], "")
            chosen = resource.get("Properties", {}).get(naming)
            assert chosen is None or _is_of_another(chosen, template), name


def test_templates_belong_to_no_account_and_no_region(stage: Assembly) -> None:
    manifest = json.loads((stage.folder / "manifest.json").read_text())

    stacks = [artifact for artifact in manifest["artifacts"].values() if artifact["type"] == "aws:cloudformation:stack"]
    assert {stack["environment"] for stack in stacks} == {"aws://unknown-account/unknown-region"}
    assert not manifest.get("missing")


def test_all_stages_together_take_less_than_a_minute_of_one_processor(processor_seconds: float) -> None:
    assert processor_seconds < MINUTE


def _is_of_another(name: object, template: Template) -> bool:
    """Whether a name is one that a service gives by another resource's, which CloudFormation has chosen."""
    match name:
        case {"Fn::Join": ["", [*_, {"Ref": other}]]}:
            return other in template.resources
    return False


def _stream_service(stage: Assembly) -> Path:
    return stage.folder / f"Tailrace-{stage.stage}-StreamService.template.json"


def _acknowledged(stage: Assembly) -> list[tuple[str, list[str]]]:
    return [
        (path, [reason for rule, reason in entry["data"].items() if "AwsSolutions" in rule])
        for file in sorted(stage.folder.glob("*.metadata.json"))
        for path, entries in json.loads(file.read_text()).items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules" and any("AwsSolutions" in rule for rule in entry["data"])
    ]
