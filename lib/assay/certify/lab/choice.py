"""Which method for which data? What the certificates say, as a rule.

Of the methods that answer the same question, those that do not reject a true null too often are fit; the one
among them with the most power is the best. The default of a metric type must be fit everywhere it is
certified from `ENOUGH` units an arm on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from assay.certify.certificate import LIBERAL, Certificate
from assay.certify.lab.outcome import Kind
from assay.certify.lab.scenario import Scenario
from assay.stats import DEFAULT_METHOD, METHODS

ENOUGH = 200
"""Units of an arm from which a default must hold its level in equal arms."""
_SURE = 1_000
"""Replicates from which a certificate may recommend: below, its error is greater than the differences."""
OTHER_QUESTION = frozenset({"quantiles", "ranks", "survival", "bayes"})
"""Families that answer another question than whether means, shares or ratios differ."""
_OTHER_METHODS = frozenset({"trimmed", "winsorised", "ratio_winsorised", "weighted"})
DEFAULTS: Mapping[Kind, str] = MappingProxyType(
    {
        "mean": DEFAULT_METHOD["mean"],
        "count": DEFAULT_METHOD["mean"],
        "proportion": DEFAULT_METHOD["proportion"],
        "ratio": DEFAULT_METHOD["ratio"],
    }
)
"""Kind of outcome → the method that a report opens with."""


def rivals(certificates: Iterable[Certificate], scenario: str) -> list[Certificate]:
    """The certificates of a scenario whose methods answer the same question, the most powerful first.

    Args:
        certificates: Of any scenarios.
        scenario: A scenario's key.
    """
    here = [c for c in certificates if c.scenario == scenario and _same_question(c.method)]
    return sorted(here, key=lambda c: (-(c.power or 0.0), c.method))


def best(certificates: Iterable[Certificate], scenario: str) -> Certificate | None:
    """The most powerful method that holds its level there.

    Args:
        certificates: Of any scenarios.
        scenario: A scenario's key.

    Returns:
        Its certificate; the default's if no other has more power beyond Monte-Carlo error; None if none
        holds.
    """
    held = [c for c in rivals(certificates, scenario) if c.verdict != LIBERAL and c.replicates >= _SURE]
    # With few replicates the interval is wide: one that is measured within the tolerance goes before.
    fit = [c for c in held if c.type_i_error <= c.alpha + c.tolerance] or held
    if not fit:
        return None
    default = default_of(scenario)
    for one in fit:
        if one.method == default and (one.power_upper or 0.0) >= (fit[0].power_lower or 0.0):
            return one
    return fit[0]


def default_of(scenario: str) -> str | None:
    """The method that a report opens with on such data; None for data of another design."""
    law = Scenario.parse(scenario).law
    plain = law.group == 1 and not law.paired and "x" not in law.series
    return DEFAULTS.get(law.kind) if plain or law.kind == "ratio" else None


def unfit_defaults(certificates: Iterable[Certificate]) -> list[Certificate]:
    """Certificates that speak against a default: liberal in equal arms of enough independent units."""
    return [
        c
        for c in certificates
        if c.verdict == LIBERAL and c.method == default_of(c.scenario) and _is_plain(c)
    ]


def _is_plain(certificate: Certificate) -> bool:
    scenario = Scenario.parse(certificate.scenario)
    return scenario.looks == 1 and scenario.n >= ENOUGH and scenario.n_control == scenario.n_treatment


def _same_question(method: str) -> bool:
    return METHODS[method].family not in OTHER_QUESTION and method not in _OTHER_METHODS
