"""An app with a topic that admits connections without TLS, and no reason for it."""

from pathlib import Path

from aws_cdk import App, Stack, Validations
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks

REFUSAL = "refusal.txt"


def main(folder: Path) -> None:
    """Synthesize, and write down why that failed."""
    app = App(analytics_reporting=False, outdir=str(folder))
    sns.Topic(Stack(app, "Unexplained"), "Topic")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as refusal:
        (folder / REFUSAL).write_text(str(refusal))
