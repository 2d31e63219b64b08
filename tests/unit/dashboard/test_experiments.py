"""The page *Experiments* in a real Streamlit, over the gold of a real run: all of them, and one of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from tests.unit.dashboard.conftest import Lake, Rows, charts, page, table

from assay.errors import TransientError
from assay.serving.dashboard import experiment

pytestmark = pytest.mark.long

SHOWN = ("estimate", "lower", "upper", "p_value", "type_i_error", "truth", "decision", "contrast")


def one(query: object, name: str = "one_click_trading") -> AppTest:
    """The page of one experiment, as its link opens it."""

    def script(query: object) -> None:
        from assay.serving.dashboard import experiments

        experiments.show(query)  # type: ignore[arg-type]

    app = AppTest.from_function(script, args=(query,), default_timeout=60)
    app.query_params["experiment"] = name
    return app.run()


def final(results: Rows) -> Rows:
    return [row for row in results if row["final"]]


# --- all of them -----------------------------------------------------------------------------------------


def test_every_final_comparison_stands_in_the_table(lake: Lake, results: Rows) -> None:
    shown = table(page("experiments", lake(experiment_results=results)), "results")
    assert 0 < len(final(results)) < len(results)
    assert len(shown) == len(final(results))
    for row in final(results):
        (mine,) = shown[
            (shown["experiment"] == row["experiment"]) & (shown["metric"] == row["metric"])
        ].to_dict("records")
        for name in SHOWN:
            assert mine[name] == row[name]


def test_verdicts_are_those_of_the_planted_truth(lake: Lake, results: Rows) -> None:
    app = page("experiments", lake(experiment_results=results))
    shown = table(app, "results").set_index(["experiment", "metric"])["verdict"]
    assert shown["button_colour", "trades_per_customer"] == "as planted"
    assert shown["one_click_trading", "active_customers"] == "missed"
    assert set(shown["new_onboarding"]) == {"not judged: sample ratio mismatch"}
    assert app.caption[0].value == "16 comparisons; of 12 with a planted truth: 11 as planted, 1 missed"


def test_real_data_is_not_judged(lake: Lake, results: Rows) -> None:
    real = [row | {"truth": None, "error_kind": None} for row in results]
    app = page("experiments", lake(experiment_results=real))
    assert set(table(app, "results")["verdict"]) == {"real data", "not judged: sample ratio mismatch"}
    assert app.caption[0].value == "16 comparisons; none with a planted truth"


def test_canaries_are_shown_on_demand(lake: Lake, results: Rows) -> None:
    canaries = [
        row | {"experiment": "canary_null.1"} for row in results if row["experiment"] == "button_colour"
    ]
    app = page("experiments", lake(experiment_results=results + canaries))
    assert len(table(app, "results")) == 16
    assert app.toggle[0].label == "Show 1 canaries"
    app.toggle[0].set_value(True).run()
    assert len(table(app, "results")) == 20
    assert "canary_null.1" in app.selectbox(key="experiment").options


def test_canaries_alone_are_told(lake: Lake, results: Rows) -> None:
    app = page(
        "experiments", lake(experiment_results=[row | {"experiment": "canary_null.1"} for row in results])
    )
    assert [each.value for each in app.info] == ["There are only canaries so far."]


def test_the_reader_chooses_the_metric_of_the_plot(lake: Lake, results: Rows) -> None:
    app = page("experiments", lake(experiment_results=results))
    metrics = sorted({row["metric"] for row in results})
    (chosen,) = [each for each in app.selectbox if each.label == "Metric"]
    assert chosen.options == metrics
    for metric in metrics:
        chosen.select(metric).run()
        assert not app.exception
        (plot,) = charts(app)
        assert f"difference in {metric}" in str(plot)
        (chosen,) = [each for each in app.selectbox if each.label == "Metric"]


def test_a_comparison_that_is_decided_early_is_shown_at_its_newest_look(lake: Lake, results: Rows) -> None:
    early = [row for row in results if not row["final"] and row["metric"] == "active_customers"]
    newest = max(row["as_of"] for row in early)
    decided = [row | {"decision": "better"} for row in early[1:]]
    shown = table(page("experiments", lake(experiment_results=[early[0], *decided])), "results")
    assert [pd.Timestamp(day).date() for day in shown["as_of"]] == [newest]


def test_before_the_first_end_experiments_are_shown_as_running(lake: Lake, results: Rows) -> None:
    running = [row for row in results if not row["final"]]
    app = page("experiments", lake(experiment_results=running))
    assert set(table(app, "results")["verdict"]) == {"running"}
    assert app.caption[0].value == "0 comparisons; none with a planted truth; 4 running"
    assert [each.value for each in app.info] == [
        "No experiment has decided yet; choose one above to see its looks."
    ]
    assert not charts(app)


# --- one of them -----------------------------------------------------------------------------------------


def looks_of(results: Rows, experiment: str) -> Rows:
    return [row for row in results if row["experiment"] == experiment]


def test_one_experiment_is_said_in_sentences(lake: Lake, results: Rows) -> None:
    app = one(lake(experiment_results=results), "button_colour")
    assert not app.exception
    (said,) = [each.value for each in app.markdown if each.value.startswith("- ")]
    lines = said.replace("\\", "").splitlines()
    assert len(lines) == 4
    row = next(row for row in final(results) if row["experiment"] == "button_colour")
    (line,) = [each for each in lines if each.startswith(f"- {row['metric']},")]
    assert f"{row['metric']}, {row['contrast']}: {row['decision']}." in line
    assert f"calls {row['type_i_error']:.1%} of true nulls different" in line
    assert "Planted: 0 (+0 %)." in line


def test_every_look_stands_in_the_table_with_its_level(lake: Lake, results: Rows) -> None:
    app = one(lake(experiment_results=results), "button_colour")
    mine = [row for row in looks_of(results, "button_colour") if row["metric"] == "active_customers"]
    shown = table(app, "looks")
    assert [pd.Timestamp(day).date() for day in shown["as_of"]] == [row["as_of"] for row in mine]
    for name in ("estimate", "lower", "upper", "p_value", "alpha_corrected", "n_control", "mean_treatment"):
        assert list(shown[name]) == [row[name] for row in mine]
    over, evidence = charts(app)[:2]
    assert str(over).count("'type': 'rule'") == 2
    assert "level of the look" in str(evidence)
    (chosen,) = [each for each in app.selectbox if each.label == "Metric"]
    chosen.select("value_per_trade").run()
    assert set(table(app, "looks")["method"]) == {"ratio_delta"}


def test_a_bayesian_look_is_shown_by_its_probability(lake: Lake, results: Rows) -> None:
    posterior = {"p_value": None, "probability_greater": 0.97, "alpha_corrected": None, "decision": "better"}
    app = one(lake(experiment_results=[row | posterior for row in results]), "button_colour")
    assert "probability that treatment is greater" in str(charts(app)[1])
    assert any("greater with a probability of 97" in each.value for each in app.markdown)


def test_health_comes_worst_first_and_only_of_the_newest_look(lake: Lake, results: Rows) -> None:
    def check(day: int, name: str, status: str) -> dict[str, Any]:
        return {
            "experiment": "button_colour", "as_of": date(2026, 3, day), "check": name, "status": status,
            "detail": f"{name} is {status}", "value": 0.5,
        }  # fmt: skip

    checks = [check(2, "srm", "ok"), check(2, "quarantined", "warn"), check(2, "multi_exposure", "fail")]
    old = [check(1, "reconciliation", "fail")]
    app = one(lake(experiment_results=results, experiment_health=checks + old), "button_colour")
    assert list(table(app, "health")["check"]) == ["multi_exposure", "quarantined", "srm"]


def test_certificates_are_those_of_the_newest_looks(lake: Lake, results: Rows) -> None:
    last = {row["metric"]: row for row in final(results) if row["experiment"] == "button_colour"}
    kept = [
        {
            "certificate_id": row["certificate_id"], "metric": metric, "method": row["method"], "alpha": 0.05,
            "type_i_error": row["type_i_error"], "verdict": "holds",
            "recommendation": f"keep {row['method']}",
        }
        for metric, row in last.items()
    ]  # fmt: skip
    other = [kept[0] | {"certificate_id": "aa-other"}]
    app = one(lake(experiment_results=results, certificates=kept + other), "button_colour")
    shown = table(app, "certificates")
    assert sorted(shown["certificate_id"]) == sorted(row["certificate_id"] for row in last.values())
    assert set(shown["recommendation"]) == {"keep proportions_score", "keep ratio_delta", "keep welch"}


def test_the_units_of_an_arm_count_those_with_nothing(lake: Lake, results: Rows) -> None:
    last = next(row for row in final(results) if row["experiment"] == "button_colour")
    acts = [
        {
            "experiment": "button_colour", "unit": f"{arm}{n}", "arm": arm, "measure": "trades.count",
            "period": date(2026, 1, 5 + 7 * week), "total": float(n), "covariate": 0.0,
        }
        for arm in ("control", "treatment") for n in range(1, 101) for week in (0, 1)
    ]  # fmt: skip
    app = one(lake(experiment_results=results, unit_metrics=acts), "button_colour")
    shown = table(app, "shares")
    control = shown[shown["arm"] == "control"].set_index("total")["share"]
    assert control[0.0] == pytest.approx(1 - 100 / last["n_control"])
    assert control[200.0] == 1.0  # 100 in each of two weeks
    assert control.is_monotonic_increasing
    assert len(control) == 41


def test_an_arm_that_no_look_counts_is_left_out() -> None:
    totals = pd.DataFrame({"measure": ["x"], "arm": ["lost"], "part": [1], "units": [3], "total": [2.0]})
    assert experiment.shares(totals, {"control": 5}).empty


def test_segments_are_shown_where_there_are_any(lake: Lake, results: Rows) -> None:
    part = [
        row | {"segment": f"country={code}", "decision": "exploratory", "estimate": row["estimate"] + i}
        for i, code in enumerate(("DE", "FR"))
        for row in final(results)
        if row["experiment"] == "button_colour"
    ]
    app = one(lake(experiment_results=results + part), "button_colour")
    shown = table(app, "segments")
    assert len(shown) == 8
    assert set(shown["segment"]) == {"country=DE", "country=FR"}
    assert len(charts(app)) == 3
    assert len(table(app, "looks")) == 7  # of everyone, not of the segments


def test_what_an_experiment_lacks_is_told(lake: Lake, results: Rows) -> None:
    app = one(lake(experiment_results=[row | {"certificate_id": None} for row in results]), "button_colour")
    assert [each.value for each in app.info] == [
        "This experiment was not checked yet.",
        "No unit has done anything since its exposure yet, or the metrics are no sums.",
        "The blueprint names no segments for this experiment.",
        "No method was certified on these units yet.",
    ]


def test_an_experiment_of_another_name_is_shown_as_text(lake: Lake, results: Rows) -> None:
    odd = "it's *odd* <b>"
    app = one(lake(experiment_results=[row | {"experiment": odd} for row in results[:7]]), odd)
    assert not app.exception
    assert not app.error
    assert len(table(app, "looks")) == 7


# --- nothing to show -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["experiments", "pipeline", "market"])
def test_before_the_first_run_the_page_says_what_to_do(lake: Lake, name: str) -> None:
    for empty in (lake(), lake(experiment_results=[], runs=[], asset_daily=[])):
        app = page(name, empty)
        assert [each.value for each in app.info] == ["No results yet: `make run` fills the lake."]
        assert not app.exception
        assert not app.dataframe


@pytest.mark.parametrize("name", ["experiments", "pipeline", "market"])
def test_an_error_is_one_sentence(name: str) -> None:
    def query(_: str) -> object:
        raise TransientError("the catalog does not answer: refused; is the stack up (`assay status`)?")

    app = page(name, query)
    assert [each.value for each in app.error] == [
        "the catalog does not answer: refused; is the stack up (`assay status`)?"
    ]
    assert not app.exception
