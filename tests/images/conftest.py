"""One store of images per session, and a report of what was built."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from builder import Builder, Built, ImageError, install

KEPT = "ASSAY_IMAGES_STORE"
"""Names a folder in which the store outlives the session: it saves minutes while one writes a Dockerfile."""
_built: list[Built] = []


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Buildah with the stand-in of the base image in its store."""
    if os.geteuid() != 0:
        pytest.skip("not run: debootstrap and buildah's chroot need root")
    kept = os.environ.get(KEPT)
    folder = Path(kept) if kept else tmp_path_factory.mktemp("images")
    try:
        install()
        mine = Builder(folder)
        _built.append(mine.base())
    except ImageError as error:
        pytest.fail(f"images cannot be built here: {error}")
    yield mine
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def report(builder: Builder) -> list[Built]:
    """What was built; the session's summary shows it."""
    assert builder.folder.exists()
    return _built


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the size of every image, and how long it took."""
    for each in _built:
        terminalreporter.write_line(f"{each.name}: {each.megabytes:,.0f} MB, built in {each.seconds:.0f} s")
