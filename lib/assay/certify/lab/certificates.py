"""From what was measured to certificates; and those that ship with Assay."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from io import StringIO
from pathlib import Path

from assay.certify.certificate import SIMULATED, TOLERANCE, Certificate, verdict
from assay.certify.lab.diagnose import Figure, diagnose
from assay.certify.lab.rows import ALPHA
from assay.certify.lab.run import Measured
from assay.stats import named

SHIPPED = Path(__file__).with_name("certificates.csv")
"""The certificates of the grid, made by `assay certify --ship`."""
SEED = 20_261_128
"""Of the shipped certificates, and of those that one measures without choosing another."""
_TEXT = frozenset({"certificate_id", "kind", "method", "method_version", "scenario", "verdict"})
_WHOLE = frozenset({"n_control", "n_treatment", "replicates", "seed"})
_ABSENT = frozenset({"metric", "as_of", "recommendation"})
_COLUMNS = tuple(f.name for f in fields(Certificate) if f.name not in _ABSENT)


def certificate(measured: Measured) -> Certificate:
    """The certificate of a method in a scenario.

    Args:
        measured: What was seen of it.

    Returns:
        Type I error from the replicates without an effect; power, coverage and the rest from those with the
        planted lift. Figures that a method does not give (an interval, a standard error) are None.
    """
    null, planted = diagnose(measured.null), diagnose(measured.planted)
    scenario, method = measured.scenario, named(measured.method)
    rate = null.rejection
    return Certificate(
        certificate_id=_identity(measured),
        kind=SIMULATED,
        method=method.name,
        method_version=method.version,
        scenario=scenario.key,
        n_control=scenario.n_control,
        n_treatment=scenario.n_treatment,
        replicates=null.replicates,
        alpha=ALPHA,
        type_i_error=rate.value,
        lower=rate.lower,
        upper=rate.upper,
        tolerance=TOLERANCE * ALPHA,
        verdict=verdict(rate.lower, rate.upper, alpha=ALPHA, tolerance=TOLERANCE * ALPHA),
        seed=measured.seed,
        lift=scenario.lift,
        power=_known(planted.rejection),
        power_lower=_end(planted.rejection, "lower"),
        power_upper=_end(planted.rejection, "upper"),
        coverage=_known(planted.coverage),
        coverage_lower=_end(planted.coverage, "lower"),
        coverage_upper=_end(planted.coverage, "upper"),
        miss_left=_known(planted.miss_left),
        miss_right=_known(planted.miss_right),
        bias=_known(planted.bias),
        rmse=_known(planted.rmse),
        se_ratio=_known(planted.se_ratio),
        type_s=_known(planted.type_s),
        type_m=_known(planted.type_m),
    )


@cache
def shipped() -> tuple[Certificate, ...]:
    """The certificates that ship with Assay, of the versions of methods that are installed."""
    current = (c for c in parsed(SHIPPED.read_text()))
    return tuple(c for c in current if c.method_version == named(c.method).version)


def written(certificates: Iterable[Certificate]) -> str:
    """Certificates as CSV, numbers to five digits: more than their Monte-Carlo error has."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in certificates:
        writer.writerow([_cell(getattr(one, name)) for name in _COLUMNS])
    return text.getvalue()


def parsed(text: str) -> list[Certificate]:
    """The certificates of `written`."""
    # The values come from a table of texts, typed by the fields' own annotations.
    return [Certificate(**_values(row)) for row in csv.DictReader(StringIO(text))]  # type: ignore[arg-type]


def _values(row: Mapping[str, str]) -> dict[str, str | int | float | None]:
    return {name: _value(name, cell) for name, cell in row.items()}


def _value(name: str, cell: str) -> str | int | float | None:
    if name in _TEXT:
        return cell
    if cell == "":
        return None
    return int(cell) if name in _WHOLE else float(cell)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else value


def _known(figure: Figure) -> float | None:
    return None if math.isnan(figure.value) else figure.value


def _end(figure: Figure, name: str) -> float | None:
    return None if math.isnan(figure.value) else float(getattr(figure, name))


def _identity(measured: Measured) -> str:
    method = named(measured.method)
    parts = (method.name, method.version, measured.scenario.key, int(measured.null.rows), measured.seed)
    return "lab-" + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]
