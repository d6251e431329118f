"""The function that runs Node.js steps, as a construct: the workflow function invokes it, and waits."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import WorkflowApiConfig
from infra.function import Function
from infra.node_code import node_code
from infra.packages import Platform


class NodeFunction(Construct):
    """A function with the same time, memory, variables and secrets as the one that runs workflows."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: WorkflowApiConfig,
        platform: Platform,
    ) -> None:
        super().__init__(scope, id)
        made = Function(
            self,
            "Node",
            handler="index.handler",
            code=node_code(platform=platform),
            runtime=lambda_.Runtime.NODEJS_24_X,
            architecture=config.architecture,
            memory_mb=config.memory_mb,
            timeout_seconds=config.timeout_seconds,
            environment={**config.environment, **config.secrets, "TAILRACE_WORKFLOWS_FOLDER": "workflows"},
            log_days=config.log_days,
        )
        self.role: iam.IRole = made.role
        self._function = made.function
        for name, arn in config.secrets.items():
            secretsmanager.Secret.from_secret_complete_arn(self, name, arn).grant_read(self.role)

    @property
    def name(self) -> str:
        """What it is invoked by."""
        return self._function.function_name

    def grant_run(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` run steps."""
        # Not the function's own grant: that would admit every version of it, and only the newest is ever asked for.
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["lambda:InvokeFunction"], resource_arns=[self._function.function_arn]
        )
