"""The pages in a real Streamlit, over the gold of a real run: what they show, and when they say why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from assay.errors import TransientError
from assay.serving.dashboard import charts

Lake = Callable[..., Callable[[str], pa.Table]]
Rows = list[dict[str, Any]]


def page(name: str, query: object) -> AppTest:
    """A page's script, run once; it is given as text to Streamlit, so that its names are its own."""

    def script(name: str, query: object) -> None:
        from importlib import import_module

        import_module(f"assay.serving.dashboard.{name}").show(query)

    return AppTest.from_function(script, args=(name, query), default_timeout=60).run()


def table(app: AppTest) -> pd.DataFrame:
    assert not app.exception
    return app.dataframe[0].value


# --- experiments -----------------------------------------------------------------------------------------


def test_every_final_comparison_stands_in_the_table(lake: Lake, results: Rows) -> None:
    shown = table(page("experiments", lake(experiment_results=results)))
    final = [row for row in results if row["final"]]
    assert 0 < len(final) < len(results)
    assert len(shown) == len(final)
    for row in final:
        (mine,) = shown[
            (shown["experiment"] == row["experiment"]) & (shown["metric"] == row["metric"])
        ].to_dict("records")
        for name in (
            "estimate",
            "lower",
            "upper",
            "p_value",
            "type_i_error",
            "truth",
            "decision",
            "contrast",
        ):
            assert mine[name] == row[name]


def test_verdicts_are_those_of_the_planted_truth(lake: Lake, results: Rows) -> None:
    app = page("experiments", lake(experiment_results=results))
    shown = table(app).set_index(["experiment", "metric"])["verdict"]
    assert shown["button_colour", "trades_per_customer"] == "as planted"
    assert shown["one_click_trading", "active_customers"] == "missed"
    assert set(shown["new_onboarding"]) == {"not judged: sample ratio mismatch"}
    assert app.caption[0].value == "16 comparisons; of 12 with a planted truth: 11 as planted, 1 missed"


def test_real_data_is_not_judged(lake: Lake, results: Rows) -> None:
    real = [row | {"truth": None, "error_kind": None} for row in results]
    app = page("experiments", lake(experiment_results=real))
    assert set(table(app)["verdict"]) == {"real data", "not judged: sample ratio mismatch"}
    assert app.caption[0].value == "16 comparisons; none with a planted truth"


def test_canaries_are_shown_on_demand(lake: Lake, results: Rows) -> None:
    canaries = [
        row | {"experiment": "canary_null_001"} for row in results if row["experiment"] == "button_colour"
    ]
    app = page("experiments", lake(experiment_results=results + canaries))
    assert len(table(app)) == 16
    assert app.toggle[0].label == "Show 1 canaries"
    app.toggle[0].set_value(True).run()
    assert len(table(app)) == 20


def test_canaries_alone_are_told(lake: Lake, results: Rows) -> None:
    app = page(
        "experiments", lake(experiment_results=[row | {"experiment": "canary_null_001"} for row in results])
    )
    assert [each.value for each in app.info] == ["Only canaries have been decided so far."]


def test_the_reader_chooses_the_metric_of_the_plot(
    lake: Lake, results: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    forest = charts.forest

    def watched(rows: pd.DataFrame, metric: str) -> Any:
        drawn.append(metric)
        return forest(rows, metric)

    monkeypatch.setattr(charts, "forest", watched)
    app = page("experiments", lake(experiment_results=results))
    metrics = sorted({row["metric"] for row in results})
    assert app.selectbox[0].options == metrics
    for metric in metrics:
        app.selectbox[0].select(metric).run()
        assert not app.exception
    assert drawn == [metrics[0], *metrics]


# --- pipeline --------------------------------------------------------------------------------------------


def test_every_job_of_every_run_stands_in_the_table(lake: Lake, runs: Rows) -> None:
    app = page("pipeline", lake(runs=runs))
    shown = table(app)
    key = ["run_id", "job"]
    assert sorted(map(tuple, shown[key].to_numpy())) == sorted((row["run_id"], row["job"]) for row in runs)
    assert shown["started_at"].is_monotonic_decreasing
    said = {each.label: each.value for each in app.metric}
    assert said == {
        "runs": str(len({row["run_id"] for row in runs})),
        "jobs failed": "0",
        "seconds": f"{sum(row['seconds'] for row in runs if row['seconds']):,.0f}",
        "dollars": f"{sum(row['dollars'] for row in runs if row['dollars']):,.2f}",
    }


def test_a_failed_job_is_counted(lake: Lake, runs: Rows) -> None:
    runs[0] |= {"state": "FAILED", "error": "the gate rings"}
    app = page("pipeline", lake(runs=runs))
    assert {each.label: each.value for each in app.metric}["jobs failed"] == "1"
    assert "the gate rings" in set(table(app)["error"])


def test_a_comparison_that_is_decided_early_is_shown_at_its_newest_look(lake: Lake, results: Rows) -> None:
    early = [row for row in results if not row["final"] and row["metric"] == "active_customers"]
    newest = max(row["as_of"] for row in early)
    decided = [row | {"decision": "better"} for row in early[1:]]
    shown = table(page("experiments", lake(experiment_results=[early[0], *decided])))
    assert [pd.Timestamp(day).date() for day in shown["as_of"]] == [newest]


# --- nothing to show -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["experiments", "pipeline"])
def test_before_the_first_run_the_page_says_what_to_do(lake: Lake, results: Rows, name: str) -> None:
    running = [row for row in results if not row["final"]]
    for empty in (lake(), lake(unit_metrics=running)):
        app = page(name, empty)
        assert [each.value for each in app.info] == ["No results yet: `make run` fills the lake."]
        assert not app.exception
        assert not app.dataframe


def test_before_the_first_end_there_are_no_results(lake: Lake, results: Rows) -> None:
    app = page("experiments", lake(experiment_results=[row for row in results if not row["final"]]))
    assert [each.value for each in app.info] == ["No results yet: `make run` fills the lake."]


@pytest.mark.parametrize("name", ["experiments", "pipeline"])
def test_an_error_is_one_sentence(name: str) -> None:
    def query(_: str) -> pa.Table:
        raise TransientError("the catalog does not answer: refused; is the stack up (`assay status`)?")

    app = page(name, query)
    assert [each.value for each in app.error] == [
        "the catalog does not answer: refused; is the stack up (`assay status`)?"
    ]
    assert not app.exception
