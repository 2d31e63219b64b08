"""What silver and gold must hold, computed from scratch in plain Python: the twin of the pipeline.

It shares no code with the medallion. Rows are small enough for loops, sums are exact, and the statistics come
from `assay.stats` on whole samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from assay.stats import METHODS, SRM_LEVEL, Moments, srm

Row = Mapping[str, Any]
WEEK = timedelta(days=7)
START = date(2026, 1, 5)
EXPERIMENT, ARMS, FIRST, WEEKS, ENROL, AHEAD, ALPHA = "button", ("control", "blue"), 2, 2, 1, 7, 0.05
METRICS = {"value": "welch", "active": "proportions_score"}
BLUEPRINT = f"""
name: shop
seed: 7
start: {START}
alpha: {ALPHA}
facts:
  trades: {{table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}}
metrics:
  value: {{type: mean, numerator: trades.notional}}
  active: {{type: proportion, numerator: trades.count}}
experiments:
  {EXPERIMENT}:
    first_week: {FIRST}
    weeks: {WEEKS}
    enrol_weeks: {ENROL}
    covariate_days: {AHEAD}
    metrics: [value, active]
    arms: [{{name: control, allocation: 0.5}}, {{name: blue, allocation: 0.5}}]
"""
PARTS = ("mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx")
EFFECT = ("estimate", "std_error", "lower", "upper", "p_value", "relative_estimate")


@dataclass(frozen=True, slots=True)
class Change:
    """A captured change.

    Attributes:
        table: `trades`, `exposures` or `customers`.
        operation: I, U or D.
        sequence: Its number; later ones are greater.
        row: The row after it; of a delete the row before it.
    """

    table: str
    operation: str
    sequence: str
    row: Row

    @property
    def good(self) -> bool:
        """Whether it keeps silver's contract; of a delete only the key matters."""
        if self.operation == "D":
            return True
        if self.table == "trades":
            return self.row["asset"] is not None and self.row["notional"] >= 0
        if self.table == "exposures":
            return self.row["arm"] is not None
        return len(self.row["country"]) == 2


KEY = {"trades": "trade_id", "exposures": "exposure_id", "customers": "customer_id"}
START_AT = datetime.combine(START, datetime.min.time(), UTC)


def week(n: int) -> date:
    """Monday of a week, from 1."""
    return START + (n - 1) * WEEK


def moment(day: date) -> datetime:
    """Its midnight."""
    return datetime.combine(day, datetime.min.time(), UTC)


def monday(at: datetime) -> date:
    """Of the week of a time."""
    return at.date() - timedelta(days=at.weekday())


# -- silver --------------------------------------------------------------------------------------
def standing(changes: Iterable[Change], table: str) -> dict[int, Change]:
    """Key → the newest good version of the rows that are not deleted."""
    newest: dict[int, Change] = {}
    for change in sorted((c for c in changes if c.table == table and c.good), key=lambda c: c.sequence):
        newest[change.row[KEY[table]]] = change
    return {key: change for key, change in newest.items() if change.operation != "D"}


def exposures(changes: Iterable[Change]) -> dict[str, dict[str, Any]]:
    """Unit → its row of silver.exposures."""
    events: dict[str, list[Row]] = {}
    for change in standing(changes, "exposures").values():
        events.setdefault(str(change.row["customer_id"]), []).append(change.row)
    found = {}
    for unit, rows in events.items():
        first = min(rows, key=lambda row: (row["exposed_at"], row["exposure_id"]))
        arms = {row["arm"] for row in rows}
        found[unit] = {
            "arm": first["arm"], "exposed_at": first["exposed_at"], "exposures": len(rows),
            "arms": len(arms), "multi_arm": len(arms) > 1,
        }  # fmt: skip
    return found


def quarantined(changes: Iterable[Change]) -> set[tuple[str, str]]:
    """Contract and number of the changes that are set aside."""
    return {(f"silver.{c.table}", c.sequence) for c in changes if not c.good}


# -- gold ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Gold:
    """What gold must hold.

    Attributes:
        units: (unit, arm, measure, period) → (total, covariate).
        moments: (arm, metric, as_of) → n and `PARTS`.
        results: (as_of, metric) → n of both arms, decision and `EFFECT`.
        health: (as_of, check) → status, value and p-value.
        days: Day → trades, traded value and customers.
    """

    units: dict[tuple[Any, ...], tuple[float, float]]
    moments: dict[tuple[Any, ...], tuple[float, ...]]
    results: dict[tuple[Any, ...], dict[str, Any]]
    health: dict[tuple[Any, ...], tuple[str, float | None, float | None]]
    days: dict[date, tuple[int, Any, int]]


def gold(changes: Sequence[Change], until: date) -> Gold:
    """Gold after a run that saw these changes.

    Args:
        changes: What bronze holds, each once.
        until: End of the last week, exclusive.
    """
    trades = [change.row for change in standing(changes, "trades").values()]
    seen = exposures(changes)
    start, closes, end = (moment(week(FIRST + n)) for n in (0, ENROL, WEEKS))
    units = {
        unit: row
        for unit, row in seen.items()
        if not row["multi_arm"] and row["arm"] in ARMS and start <= row["exposed_at"] < closes
    }
    cells = _units(trades, units, end, until)
    looks = [week(FIRST + n) + WEEK for n in range(WEEKS) if week(FIRST + n) < until]
    moments, results, health = {}, {}, {}
    for as_of in looks:
        arms = {arm: _samples(cells, units, arm, as_of) for arm in ARMS}
        for arm, samples in arms.items():
            if len(samples["value"][0]):
                moments.update({(arm, metric, as_of): _moments(*xy) for metric, xy in samples.items()})
        sizes = [len(arms[arm]["value"][0]) for arm in ARMS]
        p_value = float(srm(sizes, [0.5, 0.5])) if sum(sizes) else None
        for metric, method in METRICS.items():
            pair = [Moments.of(y, np.ones_like(y), x) for y, x in (arms[arm][metric] for arm in ARMS)]
            results[as_of, metric] = _result(
                METHODS[method], pair, sizes, p_value, final=moment(as_of) == end
            )
        health.update(_health(changes, seen, units, as_of, p_value))
    return Gold(cells, moments, results, health, _days(trades))


def _units(
    trades: Sequence[Row], units: Mapping[str, Row], end: datetime, until: date
) -> dict[tuple[Any, ...], tuple[float, float]]:
    cells: dict[tuple[Any, ...], list[Any]] = {}
    for trade in trades:
        unit, at = str(trade["customer_id"]), trade["traded_at"]
        row = units.get(unit)
        if row is None or monday(at) >= until:
            continue
        exposed = row["exposed_at"]
        if not exposed - timedelta(days=AHEAD) <= at < end:
            continue
        for measure, amount in (("trades.notional", trade["notional"]), ("trades.count", 1)):
            cell = cells.setdefault((unit, row["arm"], measure, monday(at)), [0, 0])
            cell[int(at < exposed)] += amount
    return {key: (float(total), float(before)) for key, (total, before) in cells.items()}


def _samples(
    cells: Mapping[tuple[Any, ...], tuple[float, float]], units: Mapping[str, Row], arm: str, as_of: date
) -> dict[str, tuple[Any, Any]]:
    """Metric → y and x of the units of an arm that are exposed before a look."""
    members = [u for u, row in units.items() if row["arm"] == arm and row["exposed_at"] < moment(as_of)]

    def sums(measure: str, side: int) -> Any:
        found = [
            sum(c[side] for (u, _, m, p), c in cells.items() if (u, m) == (unit, measure) and p < as_of)
            for unit in members
        ]
        return np.array(found, dtype=float)

    value, active = (
        [sums(measure, side) for side in (0, 1)] for measure in ("trades.notional", "trades.count")
    )
    return {"value": (value[0], value[1]), "active": ((active[0] > 0) * 1.0, (active[1] > 0) * 1.0)}


def _moments(y: Any, x: Any) -> tuple[float, ...]:
    found = Moments.of(y, np.ones_like(y), x)
    return (len(y), *(float(getattr(found, part)) for part in PARTS))


def _result(
    method: Any, pair: Sequence[Moments], sizes: Sequence[int], p_value: float | None, *, final: bool
) -> dict[str, Any]:
    effect = method(*pair, alpha=ALPHA)
    found = {name: float(getattr(effect, name)) for name in EFFECT}
    decision = "running"
    if final:
        different = found["p_value"] < ALPHA / len(METRICS)
        decision = "no difference shown"
        if p_value is not None and p_value < SRM_LEVEL:
            decision = "invalid: sample ratio mismatch"
        elif different and found["estimate"] != 0:
            decision = "better" if found["estimate"] > 0 else "worse"
    return {**found, "n_control": sizes[0], "n_treatment": sizes[1], "decision": decision}


def _health(
    changes: Sequence[Change], seen: Mapping[str, Row], units: Mapping[str, Row], as_of: date, p: float | None
) -> dict[tuple[Any, ...], tuple[str, float | None, float | None]]:
    exposed = {unit for unit, row in seen.items() if row["exposed_at"] < moment(as_of)}
    counts = [sum(units[u]["arm"] == arm for u in exposed if u in units) for arm in ARMS]
    share = sum(seen[unit]["multi_arm"] for unit in exposed) / len(exposed) if exposed else 0.0
    worst = max(abs(n / sum(counts) - 0.5) for n in counts) if p is not None else None
    bad = 0
    for change in {
        (c.table, c.sequence): c for c in changes if not c.good and c.table != "customers"
    }.values():
        at = change.row["traded_at" if change.table == "trades" else "exposed_at"]
        bad += week(FIRST) <= at.date() < as_of
    return {
        (as_of, "srm"): (_status(p is None or p < 0.01, p is not None and p < SRM_LEVEL), worst, p),
        (as_of, "multi_exposure"): (_status(share > 0.001, share > 0.01), share, None),
        (as_of, "quarantined"): (_status(bad > 0, False), float(bad), None),
        (as_of, "reconciliation"): ("ok", 0.0, None),
    }


def _status(warn: bool, fail: bool) -> str:
    return "fail" if fail else "warn" if warn else "ok"


def _days(trades: Sequence[Row]) -> dict[date, tuple[int, Any, int]]:
    found: dict[date, list[Row]] = {}
    for trade in trades:
        if trade["customer_id"] >= 0:
            found.setdefault(trade["traded_at"].date(), []).append(trade)
    return {
        day: (len(rows), sum(row["notional"] for row in rows), len({row["customer_id"] for row in rows}))
        for day, rows in found.items()
    }
