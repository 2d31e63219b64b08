"""The certificates that ship: of today's methods, without gaps, and kind to the defaults."""

from __future__ import annotations

from assay.certify.lab.certificates import SHIPPED, parsed, shipped
from assay.certify.lab.choice import DEFAULTS, best, rivals, unfit_defaults
from assay.certify.lab.grid import grid
from assay.certify.lab.scenario import Scenario
from assay.stats import METHODS

MERGED = {"poisson_bootstrap_merged"}


def test_every_certificate_is_of_a_method_as_it_is_now() -> None:
    """A method whose numbers change raises its version, and must be measured again: `make certificates`."""
    everything = parsed(SHIPPED.read_text())
    stale = {c.method for c in everything if METHODS[c.method].version != c.method_version}
    assert stale == set()
    assert len(shipped()) == len(everything)


def test_every_method_is_certified_in_every_cell_of_the_grid() -> None:
    wanted = {(cell.scenario.key, name) for cell in grid() for name in cell.methods}
    assert {(c.scenario, c.method) for c in shipped()} == wanted
    assert {c.method for c in shipped()} == set(METHODS) - MERGED


def test_figures_are_shares_and_intervals_hold_them() -> None:
    for c in shipped():
        assert 0 <= c.lower <= c.type_i_error <= c.upper <= 1, c
        assert c.lift is not None
        assert c.lift > 0
        for name in ("power", "coverage"):
            value = getattr(c, name)
            if value is not None:
                assert 0 <= getattr(c, f"{name}_lower") <= value <= getattr(c, f"{name}_upper") <= 1, c


def test_no_default_errs_too_often_where_there_are_enough_units() -> None:
    assert [(c.scenario, c.method, c.type_i_error) for c in unfit_defaults(shipped())] == []


def test_no_other_method_is_fit_everywhere_and_more_powerful() -> None:
    """What would have to be the default instead: never liberal in a plain cell, and 2 points more power."""
    for kind in DEFAULTS:
        cells = [
            cell.scenario.key
            for cell in grid()
            if cell.scenario.looks == 1 and cell.scenario.law.kind == kind and _plain(cell.scenario)
        ]
        default = _powers(cells, DEFAULTS[kind])
        for name in {c.method for key in cells for c in rivals(shipped(), key)}:
            powers = _powers(cells, name)
            if powers.keys() == default.keys():
                better = sum(powers.values()) - sum(default.values())
                assert better <= 0.02 * len(default), (kind, name)


def test_the_rule_names_a_method_where_units_are_many() -> None:
    for outcome in ("normal", "gamma-0.1", "poisson-3", "bernoulli-0.1", "ratio", "payers-5%"):
        assert best(shipped(), f"{outcome}:50000:50/50") is not None


def _plain(scenario: Scenario) -> bool:
    law = scenario.law
    return scenario.n >= 200 and scenario.n_control == scenario.n_treatment and "x" not in law.series


def _powers(cells: list[str], method: str) -> dict[str, float]:
    """Cell → power, of the cells in which the method is not liberal."""
    found = {(c.scenario, c.method): c for c in shipped()}
    fit = {key: found[key, method] for key in cells if (key, method) in found}
    return {key: c.power or 0.0 for key, c in fit.items() if c.verdict != "liberal"}
