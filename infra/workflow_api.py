"""The workflow API as a construct: an HTTP API that throttles, writes down who came, and hands all to one function."""

import json
from typing import cast

import jsii
from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigateway import AccessLogFormat
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.config import WorkflowApiConfig
from infra.log_group import log_group
from infra.review import explain
from infra.stand_in import STAND_IN_PATH, StandInThrottle

_ACCESS_LOG_FIELDS = {
    "request_id": "requestId",
    "at": "requestTime",
    "client_ip": "identity.sourceIp",
    "method": "httpMethod",
    "path": "path",  # comes without the query, which may hold a token
    "status": "status",
    "bytes": "responseLength",
    "milliseconds": "responseLatency",
    "integration_error": "integrationErrorMessage",
}


@jsii.implements(apigateway.IAccessLogSettings)
class _AccessLog:
    """One JSON object a request."""

    def __init__(self, group: logs.ILogGroup) -> None:
        self._destination = apigateway.LogGroupLogDestination(group)
        fields = {name: f"$context.{variable}" for name, variable in _ACCESS_LOG_FIELDS.items()}
        self._format = AccessLogFormat.custom(json.dumps(fields))

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> AccessLogFormat:
        return self._format


class WorkflowApi(Construct):
    """An HTTP API that waits for a function to serve it."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: WorkflowApiConfig,
        stand_in: StandInThrottle | None,
    ) -> None:
        """`stand_in` is for the route that answers in the stream service's place, where clients may be sent to it."""
        super().__init__(scope, id)
        self._api = apigateway.HttpApi(self, "Api", create_default_stage=False)
        self._stand_in = stand_in
        self._stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=config.requests_per_second, burst_limit=config.request_burst
            ),
            access_log_settings=_AccessLog(self._make_log(config)),
        )

    def _make_log(self, config: WorkflowApiConfig) -> logs.LogGroup:
        # API Gateway adds each group to one policy of the account's, and fails when that is full; one entry does for
        # all whose names begin so. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
        name = f"/aws/vendedlogs/{self._api.api_id}"
        return log_group(self, "AccessLog", days=config.log_days, name=name)

    @property
    def url(self) -> str:
        """The API's own address."""
        return self._api.api_endpoint

    @property
    def domain_name(self) -> str:
        """The host in that address."""
        return f"{self._api.api_id}.execute-api.{self._api.stack.region}.{self._api.stack.url_suffix}"

    def metric_server_error(self, *, minutes: int = 1) -> cloudwatch.Metric:
        """Answers of 500 and above."""
        return self._api.metric_server_error(statistic="Sum", period=Duration.minutes(minutes), label="API 5xx")

    def serve(self, function: lambda_.IFunction) -> None:
        """Hand every request to a function, which knows the routes."""
        integration = HttpLambdaIntegration("Function", function)
        routes = self._api.add_routes(path="/{proxy+}", methods=[apigateway.HttpMethod.ANY], integration=integration)
        if self._stand_in is not None:
            routes += self._admit_clients(integration, self._stand_in)
        for route in routes:
            explain(
                route,
                {
                    "APIG4": "The function asks for the key itself: one place for keys and subscribers' tokens, and "
                    "the answers that EventSource needs (200 and an end) could not come from an authorizer."
                },
            )

    def _admit_clients(
        self, integration: HttpLambdaIntegration, throttle: StandInThrottle
    ) -> list[apigateway.HttpRoute]:
        """Give the stand-in a route, and with it a throttle, of its own: runs must not use up what clients need."""
        routes = self._api.add_routes(path=STAND_IN_PATH, methods=[apigateway.HttpMethod.GET], integration=integration)
        stage = cast("apigateway.CfnStage", self._stage.node.default_child)
        stage.route_settings = {
            f"GET {STAND_IN_PATH}": {"ThrottlingRateLimit": throttle.rate, "ThrottlingBurstLimit": throttle.burst}
        }
        for route in routes:
            self._stage.node.add_dependency(route)  # settings of a route that is not there yet are refused
        return routes
