"""The API sets where logs go; each test puts that back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.runtime import logs


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ASSAY_LANDING_BUCKET", "landing")
    with logs.to(tmp_path / "api.log"):
        yield tmp_path / "api.log"
