"""How a test looks at a page of Streamlit: when it stands whole, what its tables say, how it is kept."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from assay.serving.dashboard.app import PAGES

_PATIENCE = 90_000
_COLOURS = 96
_CELLS = """
grid => [...grid.querySelectorAll('[role=row]')].map(row =>
  [...row.querySelectorAll('[role=columnheader], [role=gridcell]')].map(cell => cell.textContent.trim())
)
"""


def address(server: str, module: str) -> str:
    """Where a page is; the first one is at the root."""
    return f"{server}/" if module == next(iter(PAGES)) else f"{server}/{module}"


def settled(page: Page, title: str) -> None:
    """Wait until a page has been drawn whole."""
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=_PATIENCE)
    expect(page.get_by_test_id("stApp")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=_PATIENCE
    )
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=_PATIENCE)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0, timeout=_PATIENCE)


def errors(page: Page) -> list[str]:
    """What a page says in red."""
    return [
        *page.get_by_test_id("stException").all_inner_texts(),
        *page.locator("[data-testid=stAlertContentError]").all_inner_texts(),
    ]


def cells(page: Page, number: int) -> list[list[str]]:
    """A table's heading and the rows in sight, as a screen reader finds them in the grid."""
    grid = _grid(page, number)
    grid.wait_for(state="attached", timeout=_PATIENCE)
    found: list[list[str]] = grid.evaluate(_CELLS)
    return found


def told(page: Page, number: int, text: str) -> Locator:
    """The cells in sight of a table that say just this, to be waited for."""
    just = re.compile(rf"^\s*{re.escape(text)}\s*$")
    return _grid(page, number).locator("[role=gridcell]").filter(has_text=just)


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a list, by the keyboard."""
    box = page.get_by_role("combobox", name=re.compile(re.escape(label)))
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")


def keep(page: Page, file: Path) -> None:
    """Keep a picture of what is in sight, small."""
    page.wait_for_timeout(700)  # charts are drawn after the page stands
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    file.parent.mkdir(exist_ok=True)
    picture.quantize(_COLOURS).save(file, optimize=True)


def _grid(page: Page, number: int) -> Locator:
    return page.locator("[data-testid=stDataFrame] table[role=grid]").nth(number)
