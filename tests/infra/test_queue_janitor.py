"""What the janitor's construct promises."""

import json

from tests.infra.templates import Assembly

ROLE = "StreamServiceQueueJanitorRole"


def test_janitor_is_called_when_a_task_of_the_cluster_stopped_and_every_hour(dev: Assembly) -> None:
    rules = [rule["Properties"] for rule in dev.stream_service.of_type("AWS::Events::Rule").values()]
    [cluster] = dev.stream_service.of_type("AWS::ECS::Cluster")

    [stopped] = [rule["EventPattern"] for rule in rules if "EventPattern" in rule]
    assert stopped["detail-type"] == ["ECS Task State Change"]
    assert stopped["detail"] == {"clusterArn": [{"Fn::GetAtt": [cluster, "Arn"]}], "lastStatus": ["STOPPED"]}
    assert [rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule] == ["rate(1 hour)"]


def test_janitor_outlives_the_service_and_sweeps_before_it_goes_itself(dev: Assembly) -> None:
    [sweep] = dev.stream_service.of_type("Custom::QueueSweep")
    [service] = dev.stream_service.of_type("AWS::ECS::Service").values()

    assert sweep in service["DependsOn"]
    waits_for = dev.stream_service.resources[sweep]["DependsOn"]
    assert any(name.startswith("StreamServiceQueueJanitorRoleDefaultPolicy") for name in waits_for)


def test_janitor_removes_queues_under_the_prefix_and_does_nothing_else(dev: Assembly) -> None:
    assert {action for action in dev.stream_service.actions_of(ROLE) if not action.startswith("logs:")} == {
        "ecs:ListTasks",
        "sns:ListSubscriptionsByTopic",
        "sns:Unsubscribe",
        "sqs:DeleteQueue",
        "sqs:ListQueues",
    }
    [delete] = [
        statement for statement in dev.stream_service.statements_of(ROLE) if statement["Action"] == "sqs:DeleteQueue"
    ]
    assert "StreamService-" in json.dumps(delete["Resource"])


def test_stack_waits_for_the_sweep_as_long_as_the_function_may_take_with_its_other_tries(dev: Assembly) -> None:
    sweep = dev.stream_service.only("Custom::QueueSweep")
    function = dev.stream_service.resources[sweep["ServiceToken"]["Fn::GetAtt"][0]]["Properties"]

    assert int(sweep["ServiceTimeout"]) == 3 * function["Timeout"]
