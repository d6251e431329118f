"""What CloudFront shows an origin in the internet, so that it knows this distribution's requests from all others."""

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.review import explain

HEADER = "Tailrace-Origin-Key"
"""CloudFront puts its own value in place of one that a client sends."""


class OriginKey(Construct):
    """A secret that nobody needs to know: it goes from Secrets Manager into both configurations while deploying."""

    def __init__(self, scope: Construct, id: str, *, shown_to: str) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"What Tailrace's distribution shows its {shown_to}",
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=43),
        )
        explain(secret, {"SMG4": "It is read while deploying alone; docs/operations.md says how another one is made."})
        self.value: str = secret.secret_value.unsafe_unwrap()
        """A reference that CloudFormation resolves, in no template."""
