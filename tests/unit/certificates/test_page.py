"""The page says what the certificates say."""

from __future__ import annotations

import pytest

from assay.certify.certificate import Certificate
from assay.certify.lab.certificates import certificate
from assay.certify.lab.grid import Cell
from assay.certify.lab.run import measure
from assay.certify.lab.scenario import Scenario
from assay.serving.certificates.page import maps, page


@pytest.fixture(scope="module")
def certificates() -> list[Certificate]:
    cells = [
        Cell(Scenario.parse("gamma-0.1:50:90/10"), ("student", "welch"), 2_000),
        Cell(Scenario.parse("normal:1000:50/50"), ("welch", "z_means"), 2_000),
        Cell(Scenario.parse("normal:1000:50/50:20 looks"), ("welch", "mixture_sprt"), 2_000),
    ]
    return [certificate(one) for one in measure(cells)]


def test_the_rule_the_defaults_and_the_peekers_are_there(certificates: list[Certificate]) -> None:
    text = page(certificates)
    assert "6 certificates" in text
    welch = next(c for c in certificates if (c.method, c.scenario) == ("welch", "normal:1000:50/50"))
    assert f"`welch` {100 * welch.type_i_error:.1f} %" in text
    bad = next(c for c in certificates if (c.method, c.scenario) == ("welch", "gamma-0.1:50:90/10"))
    assert bad.verdict == "liberal"
    assert f"| `welch` | `gamma-0.1` | 90 and 10 | {100 * bad.type_i_error:.1f} %" in text
    assert "| `normal` | 1,000 | `mixture_sprt` |" in text
    assert "| `payers-5%` |" in text, "every kind of data is described"


def test_every_map_that_the_page_shows_is_drawn(certificates: list[Certificate]) -> None:
    drawings = maps(certificates)
    text = page(certificates)
    for name, drawing in drawings.items():
        assert f"({name})" in text
        assert drawing.startswith("<svg")
    assert "1 cells" not in drawings["type-i-50-50.svg"]
    assert "2 cells" in drawings["type-i-90-10.svg"]
    assert len(drawings) == 4
