"""`tailrace list`: which workflows there are."""

import sys
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from cli.errors import CommandError
from cli.http_client import http_client, json_of
from cli.readable import readable
from cli.target import Api, ApiUrl, Key, Stage, find_api


def list_workflows(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
    api_url: ApiUrl = None,
    key: Key = None,
    stage: Stage = None,
) -> None:
    """List the workflows, their steps, and the modules that can't be used."""
    response = _get(find_api(url=api_url, key=key, stage=stage))
    if as_json:
        sys.stdout.write(f"{response.text}\n")
        return
    answer = json_of(response)
    if not isinstance(answer, dict) or "workflows" not in answer:
        raise CommandError(f"{response.url} is not Tailrace's API.", hint="Give the API's address: --api-url.")
    console = Console(highlight=False)
    for line in _lines(answer["workflows"]):
        console.print(line, soft_wrap=True)
    notes = Console(stderr=True, highlight=False)
    for failure in answer.get("import_failures", []):
        text = readable(f"{failure['module']}.py can't be used: {failure['reason']}")
        notes.print(Text(text, style="red"), soft_wrap=True)


def _get(api: Api) -> httpx.Response:
    try:
        with http_client(api.url, timeout=httpx.Timeout(30)) as client:
            response = client.get(f"{api.url}/pipelines", headers={"authorization": f"Bearer {api.key}"})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CommandError(
            f"Nothing answers at {api.url} ({error or type(error).__name__}).",
            hint="Does it still run? Start it with `tailrace dev`.",
        ) from error
    if response.is_error:
        raise api.explain(response)
    return response


def _lines(workflows: list[dict[str, Any]]) -> list[Text]:
    if not workflows:
        return [Text("There are no workflows yet; `tailrace new p_orders` writes one.")]
    width = max(len(workflow["id"]) for workflow in workflows)
    return [_line(workflow, width) for workflow in sorted(workflows, key=lambda workflow: str(workflow["id"]))]


def _line(workflow: dict[str, Any], width: int) -> Text:
    steps = ", ".join(workflow["steps"]) or "no steps"
    schedule = workflow.get("schedule")
    when = (f"  {schedule['expression']}", "green") if schedule else ""
    public = ("  public", "yellow") if workflow.get("public") else ""
    about = f"  {readable(workflow['description'])}" if workflow.get("description") else ""
    return Text.assemble((workflow["id"].ljust(width), "cyan"), when, public, about, (f"  ({steps})", "dim"))
