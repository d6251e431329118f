"""What the stream service's stack promises."""

from typing import Any

from infra.load_balancer import DEREGISTRATION_SECONDS
from infra.stream_service import STOP_SECONDS
from stream_service.drain import LAST_MOMENT_SECONDS
from stream_service.settings import Settings
from stream_service.target import CALL_SECONDS, JITTER
from tests.infra.templates import Assembly

MIB = 1024 * 1024
RING_BYTES = Settings.model_fields["ring_bytes"].default
TASK_ROLE = "StreamServiceTaskTaskRole"
KEEPALIVE_SECONDS = Settings.model_fields["keepalive_seconds"].default
TARGET_CHECK_SECONDS = Settings.model_fields["target_check_seconds"].default


def test_load_balancer_waits_longer_than_two_keepalives(dev: Assembly) -> None:
    assert int(_attributes(_balancer(dev))["idle_timeout.timeout_seconds"]) > 2 * KEEPALIVE_SECONDS


def test_load_balancer_is_internal_strict_and_admits_cloudfront_alone(dev: Assembly) -> None:
    balancer = _balancer(dev)
    [group] = balancer["SecurityGroups"]
    [ingress] = [
        rule["Properties"]
        for rule in dev.stream_service.of_type("AWS::EC2::SecurityGroupIngress").values()
        if rule["Properties"]["GroupId"] == group
    ]

    assert balancer["Scheme"] == "internal"
    assert _attributes(balancer)["routing.http.desync_mitigation_mode"] == "strictest"
    assert _attributes(balancer)["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert "SourcePrefixListId" in ingress
    assert "SecurityGroupIngress" not in _group(dev, group)


def test_each_new_stream_goes_to_the_task_that_has_fewest(dev: Assembly) -> None:
    targets = dev.stream_service.only("AWS::ElasticLoadBalancingV2::TargetGroup")
    attributes = {each["Key"]: each["Value"] for each in targets["TargetGroupAttributes"]}

    assert attributes["load_balancing.algorithm.type"] == "least_outstanding_requests"
    assert attributes["deregistration_delay.timeout_seconds"] == str(DEREGISTRATION_SECONDS)
    assert targets["HealthCheckPath"] == "/readyz"


def test_tasks_are_reached_from_the_load_balancer_alone_and_need_no_nat(dev: Assembly) -> None:
    network = dev.stream_service.only("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    [group] = network["SecurityGroups"]
    [ingress] = [
        rule["Properties"]
        for rule in dev.stream_service.of_type("AWS::EC2::SecurityGroupIngress").values()
        if rule["Properties"]["GroupId"] == group
    ]

    assert ingress["SourceSecurityGroupId"] == _balancer(dev)["SecurityGroups"][0]
    assert "SecurityGroupIngress" not in _group(dev, group)
    assert [rule["ToPort"] for rule in _group(dev, group)["SecurityGroupEgress"]] == [443]
    assert not dev.stream_service.of_type("AWS::EC2::NatGateway")


def test_container_is_neither_root_nor_able_to_write_and_opens_files_enough(dev: Assembly, prod: Assembly) -> None:
    for stage in (dev, prod):
        container = _container(stage)
        [limit] = container["Ulimits"]
        streams = int(_variables(stage)["TAILRACE_MAX_CONNECTIONS"])

        assert container["User"] == "10001:10001"
        assert container["ReadonlyRootFilesystem"] is True
        assert limit["Name"] == "nofile"
        assert limit["SoftLimit"] == limit["HardLimit"] > streams + 1000


def test_rings_take_a_quarter_of_a_tasks_memory_at_most_and_hold_many_streams(
    stage: Assembly, public_origin: Assembly, own_domain: Assembly
) -> None:
    for each in (stage, public_origin, own_domain):
        memory = int(each.stream_service.only("AWS::ECS::TaskDefinition")["Memory"]) * MIB
        rings = int(_variables(each)["TAILRACE_ALL_RINGS_BYTES"])

        assert 16 * RING_BYTES <= rings <= memory / 4


def test_task_has_time_to_drain_before_it_is_killed(dev: Assembly) -> None:
    assert float(_variables(dev)["TAILRACE_DRAIN_SECONDS"]) < STOP_SECONDS == _container(dev)["StopTimeout"]


def test_task_that_is_let_go_has_ended_its_streams_before_the_load_balancer_cuts_them(stage: Assembly) -> None:
    targets = stage.stream_service.only("AWS::ElasticLoadBalancingV2::TargetGroup")
    attributes = {each["Key"]: each["Value"] for each in targets["TargetGroupAttributes"]}
    container, variables = _container(stage), _variables(stage)
    [[port]] = [[each["ContainerPort"] for each in container["PortMappings"]]]

    latest_notice = TARGET_CHECK_SECONDS * (1 + JITTER) + CALL_SECONDS
    drained = latest_notice + float(variables["TAILRACE_DRAIN_SECONDS"]) + LAST_MOMENT_SECONDS

    assert drained < float(attributes["deregistration_delay.timeout_seconds"])
    assert stage.stream_service.resources[variables["TAILRACE_TARGET_GROUP_ARN"]["Ref"]]["Properties"] == targets
    assert (targets["TargetType"], targets["Port"], variables["TAILRACE_PORT"]) == ("ip", port, str(port))


def test_task_sees_how_targets_stand_and_can_change_no_load_balancer(dev: Assembly) -> None:
    actions = {action for action in dev.stream_service.actions_of(TASK_ROLE) if action.startswith("elastic")}

    assert actions == {"elasticloadbalancing:DescribeTargetHealth"}


def test_a_bad_deployment_rolls_back_and_a_good_one_never_has_fewer_tasks(dev: Assembly) -> None:
    service = dev.stream_service.only("AWS::ECS::Service")
    deployment = service["DeploymentConfiguration"]

    assert "DesiredCount" not in service  # scaling decides, and a deployment does not undo it
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)


def test_tasks_are_as_many_as_open_streams_need_within_the_stages_bounds(dev: Assembly, prod: Assembly) -> None:
    for stage, most in ((dev, 4), (prod, 10)):
        target = stage.stream_service.only("AWS::ApplicationAutoScaling::ScalableTarget")
        assert (target["MinCapacity"], target["MaxCapacity"]) == (2, most)

        policy = _scaling_policy(stage, "OpenStreams")
        streams = int(_variables(stage)["TAILRACE_MAX_CONNECTIONS"])
        metric = policy["CustomizedMetricSpecification"]
        assert policy["TargetValue"] == 0.6 * streams
        assert (metric["Namespace"], metric["MetricName"]) == (f"Tailrace/{stage.stage}", "Connections")
        assert metric["Dimensions"] == [{"Name": "service", "Value": "stream-service"}]
        assert metric["Statistic"] == "Average"  # one value a task and minute: their average is a task's


def test_tasks_are_added_quickly_and_taken_away_slowly(dev: Assembly) -> None:
    for name in ("OpenStreams", "Cpu"):
        policy = _scaling_policy(dev, name)

        assert (policy["ScaleOutCooldown"], policy["ScaleInCooldown"]) == (60, 900)


def test_stream_service_reads_the_table_and_never_writes_it(dev: Assembly) -> None:
    table = {action for action in dev.stream_service.actions_of(TASK_ROLE) if action.startswith("dynamodb:")}

    assert table == {"dynamodb:Query"}


def test_task_owns_queues_under_its_stacks_prefix_and_subscribes_those_alone(dev: Assembly) -> None:
    prefix = _variables(dev)["TAILRACE_QUEUE_PREFIX"]
    statements = dev.stream_service.statements_of(TASK_ROLE)
    [queues] = [statement for statement in statements if "sqs:CreateQueue" in statement["Action"]]
    [subscribe] = [statement for statement in statements if statement["Action"] == "sns:Subscribe"]

    assert queues["Resource"]["Fn::Join"][1][-1] == f":{prefix}*"
    assert subscribe["Condition"]["StringEquals"] == {"sns:Protocol": "sqs"}
    assert subscribe["Condition"]["StringLike"]["sns:Endpoint"] == queues["Resource"]


def test_stages_have_prefixes_of_their_own_that_leave_room_for_a_task_id(dev: Assembly, prod: Assembly) -> None:
    prefixes = [_variables(stage)["TAILRACE_QUEUE_PREFIX"] for stage in (dev, prod)]

    assert prefixes[0] != prefixes[1]
    assert not any(one.startswith(other) for one, other in (prefixes, reversed(prefixes)))
    assert all(len(f"{prefix}{'0' * 32}-99") <= 80 for prefix in prefixes)  # SQS's limit for a name


def test_image_is_built_in_codebuild_and_its_logs_go_with_the_stack(dev: Assembly) -> None:
    project = dev.stream_service.only("AWS::CodeBuild::Project")
    build = dev.stream_service.only("Custom::CDKContainerImageBuild")

    assert project["Environment"]["Type"] == "ARM_CONTAINER"
    assert "--platform" in build["buildCommand"]
    assert "linux/arm64" in build["buildCommand"]
    assert "LogsConfig" not in project
    [id_of_project] = dev.stream_service.of_type("AWS::CodeBuild::Project")
    group = dev.stream_service.only("AWS::Logs::LogGroup", containing="ImageLog")
    assert group["LogGroupName"] == {"Fn::Join": ["", ["/aws/codebuild/", {"Ref": id_of_project}]]}


def test_log_group_of_builds_is_there_before_the_first_and_until_after_the_last(dev: Assembly) -> None:
    build = dev.stream_service.only("Custom::CDKContainerImageBuild")
    trigger = dev.stream_service.resources[build["ServiceToken"]["Fn::GetAtt"][0]]["Properties"]
    group = trigger["LoggingConfig"]["LogGroup"]["Ref"]

    assert "/aws/codebuild/" in str(dev.stream_service.resources[group]["Properties"]["LogGroupName"])


def test_every_function_logs_to_a_group_of_the_stack(dev: Assembly) -> None:
    for template in (dev.stream_service, dev.workflow_api):
        for name, function in template.of_type("AWS::Lambda::Function").items():
            group = function["Properties"].get("LoggingConfig", {}).get("LogGroup", {})
            assert group.get("Ref") in template.resources, name


def test_people_may_build_with_docker_choose_zones_and_the_number_of_tasks(custom: Assembly) -> None:
    stack = custom.stream_service

    assert not stack.of_type("AWS::CodeBuild::Project")
    assert stack.only("AWS::ECS::TaskDefinition")["RuntimePlatform"]["CpuArchitecture"] == "X86_64"
    assert stack.only("AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 3
    zones = {subnet["Properties"]["AvailabilityZone"] for subnet in stack.of_type("AWS::EC2::Subnet").values()}
    assert zones == {"eu-west-1a", "eu-west-1c"}


def _scaling_policy(stage: Assembly, name: str) -> dict[str, Any]:
    policy = stage.stream_service.only("AWS::ApplicationAutoScaling::ScalingPolicy", containing=name)
    configuration: dict[str, Any] = policy["TargetTrackingScalingPolicyConfiguration"]
    return configuration


def _balancer(stage: Assembly) -> dict[str, Any]:
    return stage.stream_service.only("AWS::ElasticLoadBalancingV2::LoadBalancer")


def _attributes(balancer: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in balancer["LoadBalancerAttributes"]}


def _group(stage: Assembly, reference: dict[str, list[str]]) -> dict[str, Any]:
    properties: dict[str, Any] = stage.stream_service.resources[reference["Fn::GetAtt"][0]]["Properties"]
    return properties


def _container(stage: Assembly) -> dict[str, Any]:
    [container] = stage.stream_service.only("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return dict(container)


def _variables(stage: Assembly) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in _container(stage)["Environment"]}
