"""Lets these tests share `golden` and `data`: pytest's importlib mode leaves folders off the path.

Their relations run with fixed examples and no deadline: a build repeats, and a busy machine is no failure.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "reference")]
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
