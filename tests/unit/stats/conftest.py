"""Lets the tests of this folder share `stats_golden`: pytest's importlib mode leaves the folder off the path.

Their relations run with fixed examples and no deadline: a build repeats, and a busy machine is no failure.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
