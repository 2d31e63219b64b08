"""What must hold of the templates before anything is deployed; each check is one small function.

The linters that AWS's users know (`assay.deploy.lint`) see single properties. The checks of this package see what
they miss: what stacks expect of each other, of the jobs' code and of the release, and weaknesses that deploy
without a word. Importing a module registers its checks.
"""

from assay.deploy.checks import (  # noqa: F401 registers, in this order
    dialect,
    exposure,
    jobs,
    models,
    policies,
    references,
    secrets,
    storage,
)  # isort: skip
from assay.deploy.checks.registry import CHECKS, Check, Finding, Outcome, run_all

__all__ = ["CHECKS", "Check", "Finding", "Outcome", "run_all"]
