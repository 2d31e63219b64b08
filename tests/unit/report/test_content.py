"""A report says what gold has, in words, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.unit.report.conftest import EXPERIMENT, Lake, rows

from assay import __version__
from assay.serving.report import content, method, results, trust
from assay.serving.report.blocks import Figure, Grid, Paragraph, Points, Report, Section
from assay.serving.report.reading import Found
from assay.serving.report.story import Story
from assay.spec import Blueprint

PLANS = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  value: {type: mean, numerator: trades.notional, method: METHOD, higher_is_better: false, margin: 0.02}
  traded: {type: proportion, numerator: trades.count, minimum_effect: 0.02}
experiments:
  button_colour:
    weeks: 7
    metrics: [value, traded]
    roles: {value: guardrail}
    plan: PLAN
    arms: [{name: control, allocation: 0.5}, {name: treatment, allocation: 0.5}]
"""


def planned(found: Found, plan: str, chosen: str = "welch") -> Story:
    text = PLANS.replace("PLAN", plan).replace("METHOD", chosen)
    return Story.of(dataclasses.replace(found, blueprint=Blueprint.parse(text, "test")))


def plan_of(story: Story) -> str:
    assert story.planned is not None
    return method.plan(story.planned, 0.05)


def section(report: Report, title: str) -> Section:
    (one,) = (each for each in report.sections if each.title == title)
    return one


def grids(one: Section) -> list[Grid]:
    return [block for block in one.blocks if isinstance(block, Grid)]


def with_results(found: Found, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Found:
    return dataclasses.replace(found, results=tuple(change(dict(row)) for row in found.results))


def test_the_sections_stand_in_the_order_of_questions(found: Found) -> None:
    report = content.report(found)
    assert [each.title for each in report.sections] == [
        "Decision", "Effects", "Over the looks", "Arms", "Health", "Plan and methods", "Certificates",
        "Planted truth", "Where this comes from",
    ]  # fmt: skip
    assert report.title == f"Experiment {EXPERIMENT}"
    assert f"look {len(found.looks)} of 7" in report.lead
    assert report.lead.endswith("the planned end.")
    assert (
        "the experiment is running"
        in content.report(with_results(found, lambda row: row | {"final": False})).lead
    )


def test_every_comparison_is_a_sentence_with_its_decision(found: Found) -> None:
    (points,) = section(content.report(found), "Decision").blocks
    assert isinstance(points, Points)
    assert len(points.items) == len(found.newest)
    for row in found.newest:
        (said,) = (item for item in points.items if f"{row['metric']}:" in item)
        assert "in arm treatment against" in said
        if row["decision"] == "better":
            assert "better than control" in said


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        ("running", "not decided yet"),
        ("worse", "worse than control"),
        ("no difference shown", "effects within the interval remain possible"),
        ("within margin", "is ruled out"),
        ("harmed", "the whole interval is harm"),
        ("margin not shown", "remains possible"),
        ("invalid: sample ratio mismatch", "invalid, not to be used"),
    ],
)
def test_each_decision_has_words(decision: str, says: str, found: Found) -> None:
    story = Story.of(with_results(found, lambda row: row | {"decision": decision}))
    (points,) = results.decision(story).blocks
    assert isinstance(points, Points)
    assert all(says in item for item in points.items)


def test_a_posterior_and_an_early_decision_are_said(found: Found) -> None:
    first = found.looks[0]
    later = with_results(
        found, lambda row: row | {"p_value": None, "probability_greater": 0.9712, "decided": first}
    )
    (points,) = results.decision(Story.of(later)).blocks
    assert isinstance(points, Points)
    assert "with a probability of 97.1 %" in points.items[0]
    assert f"decided at the look of {first}" in points.items[0]


def test_a_comparison_without_an_estimate_is_told_and_not_drawn(found: Found) -> None:
    nothing = dict.fromkeys(
        ("estimate", "std_error", "lower", "upper", "p_value", "relative_estimate", "relative_lower",
         "relative_upper", "mean_treatment")
    )  # fmt: skip
    report = content.report(with_results(found, lambda row: row | nothing))
    (plot, table) = section(report, "Effects").blocks
    assert isinstance(plot, Figure)
    assert isinstance(table, Grid)
    assert "<circle" not in plot.svg
    assert all("unknown" in row[table.head.index("difference")] for row in table.body)


def test_numbers_are_those_of_gold(found: Found) -> None:
    (table,) = grids(section(content.report(found), "Effects"))
    assert len(table.body) == len(found.newest)
    by_metric = {row[0]: dict(zip(table.head, row, strict=True)) for row in table.body}
    for row in found.newest:
        shown = by_metric[row["metric"]]
        assert shown["units"] == f"{row['n_control']:,} / {row['n_treatment']:,}"
        assert shown["decision"] == row["decision"]
        assert shown["type I here"] == f"{100 * row['type_i_error']:.1f} %"
    proportion = by_metric["active_customers"]["difference"]
    assert proportion.endswith("points")  # its type stands in the blueprint


def test_each_look_is_a_row_and_a_mark(found: Found) -> None:
    over = section(content.report(found), "Over the looks")
    tables = grids(over)
    plots = [block for block in over.blocks if isinstance(block, Figure)]
    assert len(tables) == len(plots) == len(found.newest)
    for table, plot in zip(tables, plots, strict=True):
        assert [row[0] for row in table.body] == [str(look) for look in found.looks]
        assert plot.svg.count("<circle") == len(found.looks)
    ids = [part.partition('"')[0] for plot in plots for part in plot.svg.split('id="')[1:]]
    assert len(ids) == len(set(ids))


def test_levels_that_differ_stand_with_each_interval(found: Found) -> None:
    first = found.looks[0]
    story = Story.of(
        with_results(found, lambda row: row | ({"alpha": 0.01} if row["as_of"] == first else {}))
    )
    over = results.over_looks(story)
    assert over is not None
    table = grids(over)[0]
    assert "interval" in table.head
    assert table.body[0][3].endswith("(99 %)")
    assert table.body[1][3].endswith("(95 %)")


def test_one_look_has_no_course(lake: Lake, found: Found) -> None:
    report = content.report(lake.found(as_of=found.looks[0]))
    assert "Over the looks" not in [each.title for each in report.sections]
    assert any("Not certified" in block.text for block in section(report, "Certificates").blocks
               if isinstance(block, Paragraph))  # fmt: skip


def test_segments_are_shown_where_there_are_any(found: Found) -> None:
    parts = [row | {"segment": segment} for row in found.newest for segment in ("country=DE", "country=GB")]
    report = content.report(dataclasses.replace(found, results=(*found.results, *parts)))
    plot, table = section(report, "Segments").blocks
    assert isinstance(plot, Figure)
    assert isinstance(table, Grid)
    assert plot.svg.count("<circle") == len(parts) == len(table.body)
    assert "country=GB" in plot.svg
    assert table.head[0] == "segment"
    assert len(grids(section(report, "Effects"))[0].body) == len(found.newest)  # everyone's alone
    two = [row | {"contrast": contrast} for row in parts for contrast in ("a vs c", "b vs c")]
    drawn = results.segments(Story.of(dataclasses.replace(found, results=(*found.results, *two))))
    assert drawn is not None
    assert isinstance(drawn.blocks[0], Figure)
    assert "country=DE, a vs c" in drawn.blocks[0].svg


def test_arms_have_units_value_and_planned_share(found: Found) -> None:
    (table,) = grids(section(content.report(found), "Arms"))
    assert len(table.body) == 2 * len(found.newest)
    assert {row[2] for row in table.body} == {"50 %"}
    shown = {(row[0], row[1]): row[3] for row in table.body}
    for row in found.newest:
        assert shown[row["metric"], "control"] == f"{row['n_control']:,}"
        assert shown[row["metric"], "treatment"] == f"{row['n_treatment']:,}"


def test_health_is_that_of_the_newest_look(found: Found) -> None:
    def check(look: date, name: str, status: str, p_value: float | None = None) -> dict[str, Any]:
        return {
            "as_of": look,
            "check": name,
            "status": status,
            "p_value": p_value,
            "detail": f"{name} of {look}",
        }

    checks = (
        check(found.looks[0], "srm", "fail", 1e-9),
        check(found.as_of, "of_tomorrow", "warn"),
        check(found.as_of, "srm", "ok", 0.25),
    )
    (table,) = grids(section(content.report(dataclasses.replace(found, health=checks)), "Health"))
    assert table.body == (
        ("of tomorrow", "warn", f"of_tomorrow of {found.as_of}", ""),
        ("sample ratio", "ok", f"srm of {found.as_of}", "0.25"),
    )
    assert section(content.report(found), "Health").blocks == (
        Paragraph("The lake has no checks of this look."),
    )


def test_certificates_have_rates_with_their_monte_carlo_error(found: Found) -> None:
    known = found.newest[0]
    measured = {
        "verdict": "holds", "alpha": 0.05, "type_i_error": known["type_i_error"],
        "lower": known["type_i_lower"], "upper": known["type_i_upper"], "power": 0.31,
        "power_lower": 0.29, "power_upper": 0.33, "lift": 0.02, "coverage": None,
        "replicates": 2000, "seed": 7, "recommendation": "it holds its level; keep it",
    }  # fmt: skip
    report = content.report(dataclasses.replace(found, certificates={known["certificate_id"]: measured}))
    table, points, missing = section(report, "Certificates").blocks
    assert isinstance(table, Grid)
    low, high = 100 * known["type_i_lower"], 100 * known["type_i_upper"]
    assert table.body == (
        (known["metric"], known["method"], "holds", "5.0 %",
         f"{100 * known['type_i_error']:.1f} % ({low:.1f} % to {high:.1f} %)",
         "31.0 % (29.0 % to 33.0 %)", "+2 %", "", "2,000"),
    )  # fmt: skip
    assert points == Points(("it holds its level; keep it.",))
    assert isinstance(missing, Paragraph)
    assert missing.text.count(" by ") == len(found.newest) - 1
    assert dict(grids(section(report, "Where this comes from"))[0].body)["seed of the certificates"] == "7"


def test_planted_truth_stands_beside_what_was_found(found: Found) -> None:
    (table,) = grids(section(content.report(found), "Planted truth"))
    planted = {row[0]: row for row in table.body}
    assert {row[3] for row in planted.values()} == {"+0 %"}  # a true null
    for row in found.newest:
        assert planted[row["metric"]][4] == ("yes" if row["covered"] else "no")
    assert trust.truth(Story.of(with_results(found, lambda row: row | {"truth": None}))) is None


def test_where_it_comes_from_is_enough_to_make_it_again(found: Found) -> None:
    (table,) = grids(section(content.report(found), "Where this comes from"))
    facts = dict(table.body)
    assert found.blueprint is not None
    assert facts["blueprint"] == f"small, version {found.blueprint.version}"
    assert facts["its seed"] == "20260105"
    assert facts["assay"] == __version__
    assert found.states
    for table_name, state in found.states.items():
        assert facts[f"state of {table_name}"] == state
    runs = {row["as_of"]: row["_run_id"] for row in rows("gold.experiment_results")}
    assert all(facts[f"run that wrote the look of {look}"] == run for look, run in runs.items())


def test_without_a_blueprint_the_plan_is_not_made_up(found: Found) -> None:
    bare = dataclasses.replace(found, blueprint=None, document=None)
    report = content.report(bare)
    unknown, used = section(report, "Plan and methods").blocks
    assert isinstance(unknown, Paragraph)
    assert unknown.text.endswith("its plan is not known.")
    assert isinstance(used, Points)
    assert used.items[0].startswith("active_customers: proportions_score. ")
    assert {row[2] for row in grids(section(report, "Arms"))[0].body} == {""}
    assert "blueprint" not in dict(grids(section(report, "Where this comes from"))[0].body)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ("{kind: fixed}", "decides once, at the planned end, 2026-02-23, after 7 weeks"),
        ("{kind: fixed, multiplicity: holm}", "share alpha 0.05 by Holm's correction"),
        (
            "{kind: sequential, looks: [2, 4, 7]}",
            "after week 2, 4, 7 of 7, and spends hardly any error early",
        ),
        ("{kind: sequential, looks: [7], spending: pocock}", "spends its error evenly"),
    ],
)
def test_a_plan_in_words(plan: str, says: str, found: Found) -> None:
    assert says in plan_of(planned(found, plan))


def test_plans_that_choose_the_method_say_so(found: Found) -> None:
    anytime = planned(found, "{kind: anytime}", "confidence_sequence")
    assert "may decide at every look" in plan_of(anytime)
    bayesian = planned(found, "{kind: bayesian, rope: 0.01}", "normal_normal")
    assert "of a lift beyond 1 % is 0.95 or more" in plan_of(bayesian)
    plain = plan_of(planned(found, "{kind: bayesian}", "normal_normal"))
    assert "of a lift either way is 0.95" in plain


def test_a_method_is_explained(found: Found) -> None:
    row = {"metric": "value", "method": "welch"}
    other = {"metric": "traded", "method": "proportions_score"}
    base = found.newest[0]
    own = dataclasses.replace(found, results=(base | row, base | other))
    _, points = method.method(planned(own, "{kind: fixed}")).blocks
    assert isinstance(points, Points)
    first, second = points.items
    assert first.startswith(
        "traded (primary, proportion of trades.count, smallest effect worth finding 2 %): proportions_score, "
        "which is the default for a proportion. "
    )
    assert second.startswith(
        "value (guardrail, mean of trades.notional, margin 2 %, lower is better): welch, which the blueprint "
        "names. "
    )
    _, always = method.method(planned(own, "{kind: anytime}", "confidence_sequence")).blocks
    assert isinstance(always, Points)
    assert "which is what the plan needs for a proportion" in always.items[0]
    unknown = dataclasses.replace(found, results=(base | {"method": "of_tomorrow"},))
    _, points = method.method(Story.of(unknown)).blocks
    assert isinstance(points, Points)
    assert "a method that this version does not know" in points.items[0]
