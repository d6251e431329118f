"""An app with a topic that admits connections without TLS, and no reason for it; run as a program by a test."""

from aws_cdk import App, Stack, Validations
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks


def main() -> None:
    """Synthesize."""
    app = App()
    sns.Topic(Stack(app, "Unexplained"), "Topic")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
