"""The replay, made once."""

from __future__ import annotations

import pytest

from assay.local.market import replay
from assay.local.market.replay import Replay


@pytest.fixture(scope="session")
def market() -> Replay:
    return replay.made()
