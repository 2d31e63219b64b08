"""The shipped grid: which methods are certified under which conditions, and by how many replicates.

Every method of the registry has a place. A cell draws its arms once for all methods that read moments, and
once for those that need the units; these get fewer replicates and smaller sizes, as their cost grows with the
units and with resampling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from assay.certify.lab.catalogue import OUTCOMES
from assay.certify.lab.catalogue import outcome as outcome_of
from assay.certify.lab.forms import form_of
from assay.certify.lab.scenario import Scenario
from assay.errors import InputError
from assay.stats import METHODS, Method, named

SIZES = (50, 200, 1_000, 5_000, 50_000)
TREATED = (0.5, 0.1)
REPLICATES = 20_000
LEAST = 100
LOOKS = 20
_ASKED = 500
"""Replicates of a cell that is left out of the grid, for one who asks for it by name."""

_BY_DESIGN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "covariate": (
            *("welch", "cuped", "cuped_many", "lin", "lin_many", "lin_hc2", "poststratified", "weighted"),
        ),
        "ratio": (
            *("ratio_delta", "ratio_winsorised", "cuped_ratio", "cuped_ratio_many"),
            *("bootstrap_percentile", "bootstrap_bca", "bootstrap_t", "bootstrap_t_symmetric"),
            "poisson_bootstrap",
        ),
        "sessions": (
            *("ratio_delta", "rate_score", "quasi_poisson"),
            *("bootstrap_percentile", "bootstrap_t", "poisson_bootstrap"),
        ),
        "clusters": ("welch", "cluster_robust", "cluster_robust_icc", "switchback_hac", "quantile_clustered"),
        "pairs": ("welch", "paired"),
        "pairs-0/1": ("welch", "mcnemar", "mcnemar_exact"),
        "waiting": ("log_rank", "restricted_mean", "retention"),
        "late-10%": ("welch",),
    }
)
"""Outcomes with more than one series of independent units → methods for their design, and the naive one."""
_PEEKED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "normal": ("welch", "mixture_sprt", "mixture_t", "confidence_sequence"),
        "gamma-1": ("welch", "mixture_sprt", "mixture_t", "confidence_sequence"),
        "payers-5%": ("welch", "mixture_sprt", "mixture_t", "confidence_sequence"),
        "bernoulli-0.1": ("proportions_score", "mixture_sprt", "confidence_sequence"),
        "ratio": ("ratio_delta", "confidence_sequence_ratio"),
    }
)
"""Outcomes that are looked at again and again → methods, one for a single look and those for any number."""
_PEEKED_SIZES = (1_000, 5_000)
_ANY_AMOUNT = frozenset({"quasi_poisson", "compound_poisson_gamma"})
"""Methods for counts that amounts suit as well."""
_NO_NORMAL = frozenset({"normal"})
_QUANTILES = ("quantile_melded", "quantile_normal", "quantile_poisson_bootstrap")
_MERGED = "poisson_bootstrap_merged"
"""The state of `poisson_bootstrap` over partitions: the same numbers, so the same certificate."""

OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        **{
            name: {"resamples": 499}
            for name in ("bootstrap_percentile", "bootstrap_bca", "bootstrap_t", "bootstrap_t_symmetric")
        },
        **{name: {"resamples": 499} for name in ("permutation", "permutation_t")},
        "poisson_bootstrap": {"replicates": 499},
        "betting_sequence": {"least": 0.0, "greatest": 1.0},
    }
)
"""Method → options of the laboratory: resampling is cut short, which adds to its error but a little."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One scenario, with the methods that share its draws.

    Attributes:
        scenario: Under which conditions.
        methods: Names of the registry, all of one form.
        replicates: How many; a multiple of the block where it is greater than one.
    """

    scenario: Scenario
    methods: tuple[str, ...]
    replicates: int


def grid(replicates: int | None = None) -> Iterator[Cell]:
    """The cells of the shipped certificates.

    Args:
        replicates: Of every method; left out, those of the shipped certificates.
    """
    for outcome in OUTCOMES:
        yield from _of_outcome(outcome, replicates)
    for outcome in _PEEKED:
        yield from _peeking(outcome, replicates)


def chosen(
    *,
    method: str | None = None,
    scenario: str | None = None,
    replicates: int | None = None,
) -> list[Cell]:
    """Cells of the grid by method and scenario.

    Args:
        method: A name of the registry; left out, all.
        scenario: An outcome (`gamma-0.1`, at all sizes) or a scenario's whole key; left out, all.
        replicates: At least `LEAST`; left out, those of the grid.

    Raises:
        InputError: An unknown method or scenario, too few replicates, or a pair that does not go together.
    """
    if replicates is not None and not replicates >= LEAST:
        raise InputError(
            f"replicates is {replicates}; below {LEAST} an error rate cannot be told from another"
        )
    if method is not None:
        named(method)
    cells = list(_matching(scenario, replicates))
    if method is not None:
        cells = [Cell(cell.scenario, (method,), cell.replicates) for cell in cells if method in cell.methods]
    if not cells:
        raise InputError(
            f"{method or 'no method'} is not measured in scenario {scenario}; "
            f"there is {', '.join(sorted({cell.scenario.outcome for cell in grid() if _has(cell, method)}))}"
        )
    return cells


def _matching(scenario: str | None, replicates: int | None) -> Iterable[Cell]:
    if scenario is None:
        return grid(replicates)
    if ":" not in scenario:
        return [*_of_outcome(scenario, replicates), *_peeking(scenario, replicates)]
    one = Scenario.parse(scenario)
    if one.looks > 1:
        methods = _PEEKED.get(one.outcome, ())
        return [Cell(one, methods, replicates or REPLICATES)] if methods else []
    return _of_scenario(one, replicates, least=_ASKED)


def _of_outcome(outcome: str, replicates: int | None) -> Iterator[Cell]:
    outcome_of(outcome)  # one that does not exist is refused, not left out
    for treated in TREATED:
        for n in SIZES:
            scenario = _valid(outcome, n, treated)
            if scenario is not None:
                yield from _of_scenario(scenario, replicates)


def _peeking(outcome: str, replicates: int | None) -> Iterator[Cell]:
    for n in _PEEKED_SIZES if outcome in _PEEKED else ():
        scenario = Scenario(outcome=outcome, n=n, looks=LOOKS)
        yield Cell(scenario, _PEEKED[outcome], replicates or REPLICATES)


def _valid(outcome: str, n: int, treated: float) -> Scenario | None:
    """None where an arm would have less than two clusters, or pairs no partner."""
    try:
        return Scenario(outcome=outcome, n=n, treated=treated)
    except InputError:
        return None


def _of_scenario(scenario: Scenario, replicates: int | None, *, least: int = 0) -> Iterator[Cell]:
    budgets: dict[tuple[str, int], list[str]] = {}
    for name in methods_for(scenario.outcome):
        method = METHODS[name]
        budget = max(_budget(method, scenario), least)
        if budget:
            budgets.setdefault((form_of(method), replicates or budget), []).append(name)
    for (_, size), names in budgets.items():
        yield Cell(scenario, tuple(names), size)


def methods_for(outcome: str) -> tuple[str, ...]:
    """The methods that are measured on an outcome, in order of name."""
    design = _BY_DESIGN.get(outcome) or _BY_DESIGN.get(outcome.rpartition("-")[0])
    if design:
        return tuple(sorted(design))
    return tuple(sorted(name for name, method in METHODS.items() if _suits(method, outcome)))


def _has(cell: Cell, method: str | None) -> bool:
    return method in cell.methods if method else cell.scenario.looks > 1


def _suits(method: Method, outcome: str) -> bool:
    """Whether a method for independent units is meant for such values."""
    kind = outcome_of(outcome).kind
    if method.needs != ("y",) or method.name == _MERGED:
        return False
    if method.name in _QUANTILES:
        return kind == "mean"
    if method.family == "sequential":
        return method.name == "betting_sequence" and kind == "proportion"
    if method.family == "counts":
        amounts = method.name in _ANY_AMOUNT and kind == "mean" and outcome not in _NO_NORMAL
        return kind == "count" or amounts
    if method.name == "gamma_poisson":
        return kind == "count"
    return ("proportion" if kind == "proportion" else "mean") in method.metric_types


_MOST_RESAMPLED, _MOST_ENUMERATED, _MOST_DRAWN = 200, 50, 1_000
"""Units per arm up to which a method that resamples, enumerates tables, or needs every unit is affordable."""
_EQUAL = 0.5


def _budget(method: Method, scenario: Scenario) -> int:
    """Replicates that a method is worth in a scenario; 0 if the cell is left out."""
    if method.name in _RESAMPLING:
        worth = scenario.n <= _MOST_RESAMPLED and scenario.treated == _EQUAL and scenario.outcome in _TELLING
        return 500 if worth else 0
    if method.name in _ENUMERATING:
        return 1_000 if scenario.n <= _MOST_ENUMERATED and scenario.treated == _EQUAL else 0
    law = scenario.law
    if form_of(method) == "units" or law.paired or law.group > 1:
        return 2_000 if scenario.n <= _MOST_DRAWN else 0
    return 5_000 if method.name in _SLOWER else REPLICATES


_RESAMPLING = frozenset(
    {
        *("bootstrap_percentile", "bootstrap_bca", "bootstrap_t", "bootstrap_t_symmetric", "permutation"),
        *("permutation_t", "poisson_bootstrap", "quantile_poisson_bootstrap", "hodges_lehmann"),
        *("rate_e_test", "betting_sequence"),
    }
)
"""Methods that take about 10 ms a test: small and telling cells only."""
_TELLING = frozenset(
    {
        *("normal", "poisson-0.3", "bernoulli-0.1", "gamma-0.1", "payers-5%", "pareto-2.5", "ratio"),
        *("sessions", "clusters"),
    }
)
_ENUMERATING = frozenset({"barnard", "boschloo", "mann_whitney_exact"})
"""Methods that enumerate tables or ranks: the smallest size only."""
_SLOWER = frozenset({"fisher", "fisher_customary", "beta_binomial", "gamma_poisson"})
"""Methods that read moments and take most of a millisecond a test."""


def uncertified() -> list[str]:
    """Methods without a place in the grid."""
    placed = {name for outcome in OUTCOMES for name in methods_for(outcome)}
    placed |= {name for names in _PEEKED.values() for name in names} | {_MERGED}
    return sorted(set(METHODS) - placed)
