"""Workflows that send on and return what their requests say."""

from tailrace import Pd, Workflow


def _echo(pd: Pd) -> object:
    body = pd.steps["trigger"]["event"]["body"]
    pd.send.sse(channel="echo", payload=body)
    return body


echo, hook = Workflow("p_echo"), Workflow("p_hook", public=True)
for workflow in (echo, hook):
    workflow.step("echo", _echo)
