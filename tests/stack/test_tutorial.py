"""docs/tutorial.md and docs/howto/recover.md, typed into a shell in a fresh clone: `make test-pages`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import pages

ROOT = Path(__file__).parents[2]
PAGES = ("docs/tutorial.md", "docs/howto/recover.md")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The last commit, without anything that was installed or run."""
    folder = tmp_path_factory.mktemp("fresh") / "assay"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    yield folder
    subprocess.run(["make", "reset"], cwd=folder, env=_environment(), check=False)


def _environment() -> dict[str, str]:
    """What a login shell has: nothing of these tests' Python and stack."""
    here = str(Path(sys.executable).parent)
    path = [each for each in os.environ["PATH"].split(os.pathsep) if each != here]
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "USER") if name in os.environ}
    return kept | {"PATH": os.pathsep.join(path)}


def test_the_pages_print_what_they_show(clone: Path, tmp_path: Path) -> None:
    """One shell for both: the second goes on from the first."""
    both = tmp_path / "both.md"
    both.write_text("\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES))
    began = time.monotonic()
    typed = pages.session(both, clone, _environment())
    wrong = [
        f"$ {each.line}\n{said}" for each, said in typed if each.shown and not pages.agrees(each.shown, said)
    ]
    sys.stdout.write(f"{len(typed)} commands in {time.monotonic() - began:.0f} s\n")
    assert not wrong, "\n\n".join(wrong)
