"""CloudFormation templates as tests look at them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """One stack's template."""

    json: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Resource]:
        """Resources by logical id."""
        resources: Mapping[str, Resource] = self.json["Resources"]
        return resources

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What the stack tells people, and other stacks."""
        outputs: Mapping[str, Any] = self.json.get("Outputs", {})
        return outputs

    def of_type(self, kind: str) -> dict[str, Resource]:
        """Resources of a type, by logical id."""
        return {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}

    def only(self, kind: str, *, containing: str = "") -> dict[str, Any]:
        """The properties of the one resource of a type whose logical id contains a text."""
        [properties] = [resource["Properties"] for name, resource in self.of_type(kind).items() if containing in name]
        return dict(properties)

    def statements_of(self, role: str) -> list[dict[str, Any]]:
        """Every statement of the policies that a role has, the role's logical id containing a text."""
        return [
            statement
            for policy in self.of_type("AWS::IAM::Policy").values()
            if any(role in reference.get("Ref", "") for reference in policy["Properties"]["Roles"])
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]

    def actions_of(self, role: str) -> set[str]:
        """Every action that a role may take."""
        return {action for statement in self.statements_of(role) for action in as_list(statement["Action"])}


@dataclass(frozen=True, slots=True)
class Assembly:
    """What synthesizing one stage made."""

    folder: Path
    stage: str

    @property
    def event_log(self) -> Template:
        """The stack of table and topic."""
        return self._template("EventLog")

    @property
    def workflow_api(self) -> Template:
        """The stack of API, function and front."""
        return self._template("WorkflowApi")

    @property
    def stream_service(self) -> Template:
        """The stack of the stream service."""
        return self._template("StreamService")

    @property
    def monitoring(self) -> Template:
        """The stack of dashboard and alarms."""
        return self._template("Monitoring")

    @property
    def templates(self) -> Iterator[tuple[str, Template]]:
        """Every stack's template, by the stack's name."""
        for path in sorted(self.folder.glob("*.template.json")):
            yield path.name.removesuffix(".template.json"), Template(json.loads(path.read_text()))

    def is_protected(self, stack: str) -> bool:
        """Whether a stack can't be deleted by mistake."""
        manifest = json.loads((self.folder / "manifest.json").read_text())
        properties = manifest["artifacts"][f"Tailrace-{self.stage}-{stack}"]["properties"]
        return properties.get("terminationProtection") is True

    def _template(self, stack: str) -> Template:
        path = self.folder / f"Tailrace-{self.stage}-{stack}.template.json"
        return Template(json.loads(path.read_text()))


def as_list(value: str | list[str]) -> list[str]:
    """IAM's way to write one where there may be many."""
    return value if isinstance(value, list) else [value]
