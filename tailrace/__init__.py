"""Server-sent events from workflows, in your own AWS account: what an author of workflows imports."""

from tailrace.action import action
from tailrace.pd import Pd
from tailrace.workflow import Workflow

__all__ = ["Pd", "Workflow", "action"]
