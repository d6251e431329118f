"""What a stage that records spans deploys, and one that does not."""

from collections.abc import Mapping

from tests.infra.environment import resolve
from tests.infra.templates import Assembly


def test_spans_go_from_function_and_tasks_to_the_stages_collector(custom: Assembly) -> None:
    for variables in (_of_function(custom), _of_tasks(custom)):
        assert {name: value for name, value in variables.items() if _is_about_spans(name)} == {
            "TAILRACE_TRACES": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.org",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.05",
        }


def test_nothing_of_it_is_deployed_where_nobody_asks(dev: Assembly) -> None:
    variables = {*_of_function(dev), *_of_tasks(dev)}

    assert not {name for name in variables if _is_about_spans(name)}
    assert _locks_of_images(dev) == {("stream-service.txt",)}


def test_image_is_made_from_the_packages_for_it_too(custom: Assembly) -> None:
    assert _locks_of_images(custom) == {("otel.txt", "stream-service.txt")}


def _of_function(stage: Assembly) -> Mapping[str, str]:
    return resolve(stage.workflow_api.only("AWS::Lambda::Function", containing="Runner")["Environment"]["Variables"])


def _of_tasks(stage: Assembly) -> Mapping[str, str]:
    [container] = stage.stream_service.only("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return resolve({each["Name"]: each["Value"] for each in container["Environment"]})


def _is_about_spans(name: str) -> bool:
    return name == "TAILRACE_TRACES" or name.startswith("OTEL_")


def _locks_of_images(stage: Assembly) -> set[tuple[str, ...]]:
    """The locks beside each Dockerfile that is built, which installs all of them."""
    folders = [dockerfile.parents[1] for dockerfile in stage.folder.glob("asset.*/stream_service/Dockerfile")]
    return {tuple(sorted(lock.name for lock in folder.glob("requirements/*.txt"))) for folder in folders}
