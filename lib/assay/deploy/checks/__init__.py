"""What must hold of the templates before anything is deployed; each check is one small function.

The linters that AWS's users know (`assay.deploy.lint`) see single properties. The checks of this package see
what they miss: what stacks expect of each other, of the jobs' code and of the release, and weaknesses that
deploy without a word. Importing a module registers its checks.
"""

# The order of import is the order in which they run.
# isort: off
from assay.deploy.checks import dialect as dialect
from assay.deploy.checks import references as references
from assay.deploy.checks import models as models
from assay.deploy.checks import jobs as jobs
from assay.deploy.checks import secrets as secrets
from assay.deploy.checks import policies as policies
from assay.deploy.checks import storage as storage
from assay.deploy.checks import exposure as exposure

# isort: on
from assay.deploy.checks.registry import CHECKS, Check, Finding, Outcome, run_all

__all__ = ["CHECKS", "Check", "Finding", "Outcome", "run_all"]
