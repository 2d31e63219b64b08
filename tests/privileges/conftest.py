"""Lets these tests import their neighbours as `privileges.…`, as the commands of this folder do."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
