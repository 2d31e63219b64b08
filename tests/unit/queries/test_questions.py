# ruff: noqa: E501 - rows of tables
"""The questions and views that ship: each runs here as in Athena, and answers what it asks."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from assay.lake.contracts import Contract
from assay.serving.queries import engine, plan, saved, translation
from assay.stats import METHODS, Moments

SAVED = {**saved.questions(), **saved.views()}
Rows = list[dict[str, Any]]
_KINDS: dict[str, tuple[str, pa.DataType]] = {
    "string": ("VARCHAR", pa.string()),
    "array<string>": ("ARRAY(VARCHAR)", pa.list_(pa.string())),
    "bigint": ("BIGINT", pa.int64()),
    "int": ("INTEGER", pa.int32()),
    "double": ("DOUBLE", pa.float64()),
    "boolean": ("BOOLEAN", pa.bool_()),
    "date": ("DATE", pa.date32()),
    "timestamp": ("TIMESTAMP WITH TIME ZONE", pa.timestamp("us", "UTC")),
}


def typed(kind: str) -> tuple[str, pa.DataType]:
    """Athena's and Arrow's type of a contract's."""
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if decimal:
        precision, scale = map(int, decimal.groups())
        return f"DECIMAL({precision}, {scale})", pa.decimal128(precision, scale)
    return _KINDS[kind]


def ask(name: str, rows: Rows | None = None, **tables: Rows) -> Rows:
    """The answer to a question or view.

    Args:
        name: Of the question.
        rows: What its first table holds.
        tables: What others hold, by the name of the table without its database.
    """
    parsed = plan.parsed(SAVED[name].sql)
    wanted = translation.tables(parsed)
    kinds = {
        table: {field.name: typed(field.type) for field in Contract.load(".".join(table)).fields}
        for table in wanted
    }
    types = {table: {column: kind for column, (kind, _) in found.items()} for table, found in kinds.items()}
    translated = translation.translate(parsed, types)
    given = {wanted[0]: rows or [], **{(d, n): tables[n] for d, n in wanted if n in tables}}
    assert tables.keys() <= {table for _, table in wanted}
    data = {table: _arrow(given.get(table, []), kinds[table], translated.columns[table]) for table in wanted}
    answer: Rows = engine.run(translated.sql, data).to_pylist()
    return answer


def _arrow(rows: Rows, kinds: dict[str, tuple[str, pa.DataType]], columns: tuple[str, ...]) -> pa.Table:
    assert all(row.keys() <= kinds.keys() for row in rows)
    schema = pa.schema([(column, kinds[column][1]) for column in columns])
    return pa.Table.from_pylist([{c: row.get(c) for c in schema.names} for row in rows], schema=schema)


@pytest.mark.parametrize("name", SAVED)
def test_every_question_begins_with_what_it_asks_and_runs_over_an_empty_lake(name: str) -> None:
    each = SAVED[name]
    assert re.match(r"-- [A-Z].*[?.]\n", each.sql)
    assert "{{" not in each.sql
    if name == "table_freshness":  # it always names every table
        assert {row["newest"] for row in ask(name)} == {None}
    else:
        assert ask(name) == []


def result(**more: Any) -> dict[str, Any]:
    usual = {
        "experiment": "fees", "as_of": date(2026, 1, 12), "metric": "revenue", "segment": "all",
        "contrast": "b vs a", "method": "welch", "n_control": 10, "n_treatment": 12, "alpha": 0.05,
        "final": False, "decision": "running",
    }  # fmt: skip
    return usual | more


def test_decisions_are_of_the_latest_look_at_everyone() -> None:
    last = {"as_of": date(2026, 1, 19), "decision": "better"}
    answer = ask(
        "decisions", [result(), result(**last), result(**last, segment="gold"), result(experiment="x")]
    )
    assert [(row["experiment"], row["decision"]) for row in answer] == [("fees", "better"), ("x", "running")]


def test_health_names_what_is_not_ok_at_the_latest_look() -> None:
    def check(day: int, name: str, status: str) -> dict[str, Any]:
        return {"experiment": "fees", "as_of": date(2026, 1, day), "check": name, "status": status}

    rows = [check(12, "srm", "fail"), check(19, "srm", "ok"), check(19, "late", "warn")]
    assert [(row["check"], row["status"]) for row in ask("health", rows)] == [("late", "warn")]


def test_looks_follow_an_estimate() -> None:
    first = result(estimate=1.0, lower=-1.0, upper=3.0)
    second = result(as_of=date(2026, 1, 19), estimate=1.5, lower=1.0, upper=2.0)
    answer = ask("looks", [second, first])
    assert [(row["units"], row["moved"], row["narrowed_to"]) for row in answer] == [
        (22, None, None),
        (22, 0.5, 0.25),
    ]


def test_segments_are_those_whose_interval_leaves_out_the_whole() -> None:
    def part(segment: str, low: float, high: float) -> dict[str, Any]:
        middle = (low + high) / 2
        return result(
            segment=segment, final=True, relative_estimate=middle, relative_lower=low, relative_upper=high
        )

    rows = [part("all", 0.0, 0.2), part("gold", 0.05, 0.3), part("new", 0.2, 0.4), part("old", -0.4, -0.2)]
    assert [row["segment"] for row in ask("segments", rows)] == ["new", "old"]


def test_planted_truths_are_counted_by_method() -> None:
    def planted(*, covered: bool, error: str, estimate: float) -> dict[str, Any]:
        return result(final=True, truth=1.0, covered=covered, error_kind=error, estimate=estimate)

    rows = [
        *[planted(covered=True, error="none", estimate=1.5)] * 3,
        planted(covered=False, error="type II", estimate=3.5),
        result(final=True, estimate=9.0),  # nothing planted
        result(truth=1.0, covered=False, error_kind="type I"),  # not final
    ]
    (row,) = ask("planted", rows)
    assert (row["results"], row["coverage"], row["coverage_promised"]) == (4, 0.75, 0.95)
    assert (row["type_i"], row["type_ii"], row["type_s"], row["bias"]) == (0, 1, 0, 1.0)


def test_certificates_list_what_does_not_hold_any_more() -> None:
    def certificate(day: int, method: str, verdict: str, **more: Any) -> dict[str, Any]:
        measured = {"method": method, "metric": "revenue", "as_of": date(2026, 1, day), "verdict": verdict}
        return measured | {"type_i_error": 0.1} | more

    rows = [
        certificate(12, "welch", "liberal"),
        certificate(19, "welch", "holds"),
        certificate(19, "z", "liberal"),
        certificate(19, "simulated", "liberal", metric=None),
    ]
    assert [row["method"] for row in ask("certificates", rows)] == ["z"]


def run(job: str, **more: Any) -> dict[str, Any]:
    started = datetime(2026, 1, 12, 3, 15, tzinfo=UTC)
    return {"job": job, "week": date(2026, 1, 5), "state": "SUCCEEDED", "started_at": started} | more


def test_costs_add_up_by_week_and_job() -> None:
    silver = {"seconds": 90.0, "dpu_seconds": 360.0, "dollars": 0.044, "rows_in": 10}
    answer = ask("costs", [run("silver", **silver), run("silver", **silver, state="FAILED"), run("gold")])
    assert answer[0] == {
        "week": date(2026, 1, 5),
        "job": "silver",
        "runs": 2,
        "failed": 1,
        "minutes": 3.0,
        "dpu_hours": 0.2,
        "dollars": pytest.approx(0.088),
        "rows_in": 20,
        "rows_out": None,
        "rows_quarantined": None,
    }
    assert [row["job"] for row in answer] == ["silver", "gold"]


def test_failures_are_runs_that_did_not_end_well() -> None:
    later = datetime(2026, 1, 19, 3, 15, tzinfo=UTC)
    rows = [
        run("silver", run_id="old"),
        run("gold", run_id="old", state="FAILED", error="no disk"),
        run("bronze", run_id="old", state="STARTED"),
        run("silver", run_id="new", started_at=later, state="FAILED", error="no row"),
        run("gold", run_id="new", started_at=later, state="STARTED"),  # it writes the table
    ]
    assert [(row["run_id"], row["job"], row["error"]) for row in ask("failures", rows)] == [
        ("new", "silver", "no row"),
        ("old", "bronze", None),
        ("old", "gold", "no disk"),
    ]


def test_markets_are_summed_by_week() -> None:
    def day(number: int, open_: str, close: str) -> dict[str, Any]:
        prices = {
            "open": Decimal(open_),
            "close": Decimal(close),
            "low": Decimal(open_),
            "high": Decimal(close),
        }
        return {
            "asset": "oil",
            "day": date(2026, 1, number),
            "trades": 2,
            "traded_value": Decimal("1.50"),
            **prices,
        }

    answer = ask(
        "markets", [day(6, "11", "12"), day(5, "10", "11"), day(12, "8", "9")]
    )  # two Mondays, a Tuesday
    assert [(row["week"], row["week_return"], row["trades"]) for row in answer] == [
        (date(2026, 1, 12), 0.125, 2),
        (date(2026, 1, 5), pytest.approx(0.2), 4),
    ]
    assert (answer[1]["low"], answer[1]["high"], answer[1]["traded_value"]) == (10, 12, 3)
    (split,) = ask(
        "markets", [day(6, "100", "100") | {"log_return": 0.0}, day(7, "10", "10") | {"log_return": 0.1}]
    )
    assert split["week_return"] == pytest.approx(math.expm1(0.1))


def canary(name: str, day: int, *, p: float, truth: float = 0.0, covered: bool = True) -> dict[str, Any]:
    return result(
        experiment=name, as_of=date(2026, 1, day), final=True, p_value=p, truth=truth, covered=covered,
        alpha_corrected=0.05,
    )  # fmt: skip


def test_canaries_are_counted_by_week_with_a_band() -> None:
    rows = [
        *[canary(f"canary_null.{i}", 12, p=0.01 if i < 30 else 0.5) for i in range(40)],
        canary("canary_null.99", 19, p=0.5),
        canary("canary_rate", 12, p=0.001, truth=2.0),  # something is planted
        canary("fees", 12, p=0.001),  # no canary
    ]
    newest, first = ask("canaries", rows)
    assert (newest["results"], newest["false_alarms"], newest["as_promised"]) == (1, 0, True)
    assert (first["results"], first["false_alarms"], first["as_promised"]) == (40, 30, False)
    assert first["type_i_lower"] < 0.75 < first["type_i_upper"]


def test_canary_rates_are_of_all_weeks() -> None:
    rows = [
        canary("canary_null", 12, p=0.01, covered=False),
        canary("canary_null.2", 19, p=0.5),
        canary("canary_rate", 12, p=0.9, truth=2.0),
    ]
    (row,) = ask("canary_rates", rows)
    assert (row["results"], row["nulls"], row["false_alarms"]) == (3, 2, 1)
    assert (row["type_i_error"], row["coverage"]) == (0.5, pytest.approx(2 / 3))
    assert row["coverage_promised"] == 0.95


def test_power_is_what_was_found_of_what_was_planted() -> None:
    def planted(p: float, estimate: float, error: str) -> dict[str, Any]:
        return canary("fees", 12, p=p, truth=2.0) | {
            "estimate": estimate, "error_kind": error, "relative_truth": 0.1, "relative_estimate": estimate / 20,
        }  # fmt: skip

    (row,) = ask(
        "power", [planted(0.01, 3.0, "none"), planted(0.3, 1.0, "type II"), planted(0.02, -4.0, "type S")]
    )
    assert (row["results"], row["detected"], row["wrong_sign"], row["exaggeration"]) == (3, 2, 1, 1.75)
    assert row["power"] == pytest.approx(2 / 3)
    assert row["power_lower"] < 2 / 3 < row["power_upper"]


def test_coverage_is_by_look() -> None:
    rows = [
        result(covered=True), result(covered=False, metric="trades"), result(as_of=date(2026, 1, 19), covered=True),
    ]  # fmt: skip
    newest, first = ask("coverage", rows)
    assert (newest["results"], newest["coverage"], newest["as_promised"]) == (1, 1.0, True)
    assert (first["results"], first["coverage"], first["promised"]) == (2, 0.5, 0.95)


def test_methods_are_ranked_by_what_holds_and_then_by_power() -> None:
    def certificate(method: str, verdict: str, power: float, day: int = 19, **more: Any) -> dict[str, Any]:
        measured = {
            "method": method,
            "metric": "revenue",
            "kind": "re-randomised",
            "as_of": date(2026, 1, day),
        }
        return measured | {"verdict": verdict, "power": power} | more

    rows = [
        certificate("z", "liberal", 0.9),
        certificate("welch", "holds", 0.7),
        certificate("cuped", "holds", 0.8),
        certificate("cuped", "liberal", 0.1, day=12),
        certificate("cuped", "holds", 0.1, kind="simulated"),
    ]
    assert [(row["place"], row["method"]) for row in ask("methods", rows)] == [
        (1, "cuped"),
        (2, "welch"),
        (3, "z"),
    ]


def test_running_experiments_have_an_end_and_an_effect_that_they_could_find() -> None:
    document = '{"experiments": {"fees": {"weeks": 6}}}'
    exposures = [{"experiment": "fees.2", "exposed_at": datetime(2026, 1, 7, 9, tzinfo=UTC)}]
    now = result(experiment="fees.2", as_of=date(2026, 1, 19), mde=2.0, mean_control=20.0)
    (row,) = ask(
        "running",
        [now, now | {"as_of": date(2026, 1, 12)}, result(experiment="old", final=True)],
        exposures=exposures,
        blueprints=[{"document": "{}", "number": 1}, {"document": document, "number": 2}],
    )
    assert (row["experiment"], row["as_of"]) == ("fees.2", date(2026, 1, 19))
    assert (row["planned_end"], row["weeks_left"]) == (date(2026, 2, 16), 4)
    assert (row["relative_mde"], row["units_for_five_percent"]) == (
        0.1,
        88,
    )  # twice the effect of 5 %: 4 × 22 units


def test_moments_alone_give_welchs_answer() -> None:
    def arm(name: str, n: int, mean: float, m2: float, **more: Any) -> dict[str, Any]:
        usual = {
            "experiment": "fees",
            "metric": "revenue",
            "segment": "all",
            "as_of": date(2026, 1, 19),
            "m2_d": 0.0,
        }
        return usual | {"arm": name, "n": n, "mean_y": mean, "m2_y": m2} | more

    control, treatment = arm("control", 200, 10.0, 800.0), arm("treatment", 220, 10.5, 900.0)
    (row,) = ask("moments", [control, treatment, arm("treatment", 2, 0.0, 1.0, as_of=date(2026, 1, 12))])
    effect = METHODS["welch"](
        Moments(n=200, mean_y=10.0, m2_y=800.0), Moments(n=220, mean_y=10.5, m2_y=900.0)
    )
    assert row["p_value"] == pytest.approx(float(effect.p_value), rel=1e-9)
    assert (row["lower"], row["upper"]) == pytest.approx((float(effect.lower), float(effect.upper)), rel=1e-9)


def test_latest_results_carry_their_certificate() -> None:
    rows = [
        result(certificate_id="c1", as_of=date(2026, 1, 19)), result(certificate_id="c1"), result(experiment="x"),
    ]  # fmt: skip
    answer = ask("latest_results", rows, certificates=[{"certificate_id": "c1", "verdict": "holds"}])
    assert {(row["experiment"], row["as_of"].day, row["verdict"]) for row in answer} == {
        ("fees", 19, "holds"), ("x", 12, None),
    }  # fmt: skip


def test_exposed_units_are_counted_by_arm() -> None:
    def unit(arm: str, exposures: int, *, multi: bool = False) -> dict[str, Any]:
        seen = datetime(2026, 1, 7 + exposures, tzinfo=UTC)
        return {
            "experiment": "fees",
            "arm": arm,
            "exposures": exposures,
            "multi_arm": multi,
            "exposed_at": seen,
        }

    a, b = ask("exposed", [unit("a", 1), unit("a", 3, multi=True), unit("b", 2)])
    assert (a["arm"], a["units"], a["multi_arm"], a["multi_arm_share"], a["exposures"]) == ("a", 2, 1, 0.5, 4)
    assert (a["first_exposed_at"].day, a["last_exposed_at"].day, b["units"]) == (8, 10, 1)


def test_quarantine_counts_every_reason() -> None:
    def aside(name: str, *reasons: str) -> dict[str, Any]:
        return {"quarantine_id": name, "contract": "silver.trades", "reasons": list(reasons), "_run_id": "r1"}

    answer = ask("quarantine", [aside("b", "price > 0"), aside("a", "price > 0", "side in ('buy')")])
    assert [(row["reason"], row["rows"], row["example"]) for row in answer] == [
        ("price > 0", 2, "a"), ("side in ('buy')", 1, "a"),
    ]  # fmt: skip


def test_freshness_says_which_job_is_behind() -> None:
    rows = [
        run("silver"),
        run("gold"),
        run("silver", week=date(2026, 1, 19)),
        run("gold", week=date(2026, 2, 2), state="FAILED"),
    ]
    assert [(row["job"], row["weeks_behind"]) for row in ask("freshness", rows)] == [
        ("gold", 2),
        ("silver", 0),
    ]


def test_tables_are_as_fresh_as_what_they_tell_of() -> None:
    rows = [{"traded_at": datetime(2026, 1, 9, 23, tzinfo=UTC)}]
    answer = ask("table_freshness", rows, runs=[run("gold")], experiment_results=[result()])
    found = {row["table_name"]: row["days_behind"] for row in answer}
    assert (found["silver.trades"], found["gold.experiment_results"], found["silver.quotes"]) == (2, 0, None)


def test_expensive_runs_come_first() -> None:
    rows = [
        run("silver", run_id="r1", dollars=0.1, seconds=60.0), run("gold", run_id="r1", dollars=0.3, state="FAILED"),
        run("gold", run_id="r2", dollars=0.2),
    ]  # fmt: skip
    first, second = ask("expensive", rows)
    assert (first["run_id"], first["dollars"], first["costliest_job"]) == ("r1", pytest.approx(0.4), "gold")
    assert (first["minutes"], first["failed_jobs"], second["run_id"]) == (1.0, 1, "r2")


def test_unit_costs_divide_a_weeks_bill() -> None:
    (row,) = ask(
        "unit_costs", [run("gold", dollars=0.5, rows_in=250_000)], experiment_results=[result(), result()]
    )
    assert (row["dollars_per_result"], row["dollars_per_million_rows"]) == (0.25, 2.0)


def test_late_trades_are_those_of_an_earlier_week() -> None:
    def trade(day: int, notional: str, change: str = "I") -> dict[str, Any]:
        moment = datetime(2026, 1, day, 12, tzinfo=UTC)
        return {"traded_at": moment, "notional": Decimal(notional), "_op": change, "_run_id": "r1"}

    rows = [trade(6, "10.00"), trade(4, "2.50"), trade(3, "1.00"), trade(2, "99.00", "U")]
    runs = [run("assay-bronze", run_id="r1"), run("assay-gold", run_id="r1", week=date(2026, 3, 2))]
    (row,) = ask("late", [], trades=rows, runs=runs)
    assert (row["trades"], row["late"], row["late_notional"], row["most_days"]) == (3, 2, Decimal("3.50"), 2)
    assert row["late_share"] == pytest.approx(2 / 3)


def test_concentration_adds_up_from_the_biggest() -> None:
    rows = [{"customer_id": i, "notional": Decimal(1000 if i == 0 else 1)} for i in range(200)]
    first, second, *_ = ask("concentration", rows)
    assert (first["customers"], first["traded_value"], second["traded_value"]) == (2, 1001, 2)
    assert first["share_so_far"] == pytest.approx(1001 / 1199)


def test_assets_return_from_the_first_quote_to_the_last() -> None:
    def day(number: int, price: str | None) -> dict[str, Any]:
        quoted = None if price is None else Decimal(price)
        return {"asset": "oil", "day": date(2026, 1, number), "open": quoted, "close": quoted, "low": quoted,
                "high": quoted, "trades": 2, "traded_value": Decimal("3.00"), "customers": number}  # fmt: skip

    (row,) = ask("assets", [day(5, None), day(6, "10"), day(7, "12"), day(8, None)])
    assert (row["traded_value"], row["value_per_trade"], row["most_customers_a_day"]) == (12, 1.5, 8)
    assert row["whole_return"] == pytest.approx(0.2)


def test_breaks_are_of_the_newest_comparison() -> None:
    def compared(run_id: str, status: str, went_out: int) -> dict[str, Any]:
        sums = {"came_in": Decimal(10), "went_out": Decimal(went_out)}
        rest = dict.fromkeys(("quarantined", "deduplicated", "filtered"), Decimal(1))
        pair = {
            "week": date(2026, 1, 5),
            "source": "bronze.trades",
            "target": "silver.trades",
            "measure": "rows",
        }
        return pair | sums | rest | {"status": status, "_run_id": run_id}

    mended = compared("r1", "break", 5) | {"measure": "notional"}
    rows = [
        compared("r1", "ok", 7),
        compared("r2", "break", 5),
        mended,
        mended | {"status": "ok", "_run_id": "r2"},
    ]
    assert [(row["measure"], row["missing"]) for row in ask("breaks", rows)] == [("rows", 2)]
