"""What AWS is asked to run: CloudFormation templates read as a deployment reads them, and their workflow."""

from __future__ import annotations

from typing import Final

JOBS: Final = "glue_configs/stacks/jobs.yaml"
WORKFLOW: Final = "glue_configs/stacks/workflow.yaml"
RUN: Final = (JOBS, WORKFLOW)
"""The templates of what runs, in the order in which they are deployed; `configs.path` finds them."""
