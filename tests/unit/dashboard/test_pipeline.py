"""The page *Pipeline*: runs of gold, the workflow that Glue knows, and the steps that the journal has."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.dashboard.conftest import Lake, Rows, page, table
from tests.unit.local.glue.conftest import Glue

from assay.runtime import clients, workflows
from assay.runtime.journal import Journal
from assay.runtime.workflows import Graph, JobState
from assay.serving.dashboard import follow
from assay.serving.dashboard.charts import pipeline as charts


def test_every_job_of_every_run_stands_in_the_table(lake: Lake, runs: Rows) -> None:
    app = page("pipeline", lake(runs=runs))
    shown = table(app, "runs")
    key = ["run_id", "job"]
    assert sorted(map(tuple, shown[key].to_numpy())) == sorted((row["run_id"], row["job"]) for row in runs)
    assert shown["started_at"].is_monotonic_decreasing
    said = {each.label: each.value for each in app.metric}
    assert said == {
        "runs": str(len({row["run_id"] for row in runs})),
        "jobs failed": "0",
        "rows set aside": f"{sum(row['rows_quarantined'] or 0 for row in runs):,}",
        "seconds": f"{sum(row['seconds'] for row in runs if row['seconds']):,.0f}",
        "dollars": f"{sum(row['dollars'] for row in runs if row['dollars']):,.2f}",
    }


def test_a_failed_job_is_counted(lake: Lake, runs: Rows) -> None:
    runs[0] |= {"state": "FAILED", "error": "the gate rings", "warnings": "late"}
    app = page("pipeline", lake(runs=runs))
    assert {each.label: each.value for each in app.metric}["jobs failed"] == "1"
    assert "the gate rings" in set(table(app, "runs")["error"])
    assert "late" in set(table(app, "runs")["warnings"])


def test_without_aws_the_rest_of_the_page_stands(lake: Lake, runs: Rows) -> None:
    app = page("pipeline", lake(runs=runs))
    assert not app.exception
    said = [each.value for each in app.error]
    assert len(said) == 2
    assert said[0].startswith("cannot list the runs of workflow assay: ")
    assert said[1].startswith("cannot read the journal assay-journal: ")
    assert len(table(app, "runs")) == len(runs)


def test_freshness_is_told_of_every_table(lake: Lake, runs: Rows) -> None:
    last = max(row["week"] for row in runs) + timedelta(days=6)
    app = page(
        "pipeline",
        lake(
            runs=runs,
            asset_daily=[{"asset": "BTC", "day": last}],
            portfolio_daily=[],
            unit_metrics=[{"period": last - timedelta(days=13)}],
            metric_moments=[{"as_of": last + timedelta(days=1)}],
            experiment_results=[{"as_of": last + timedelta(days=1)}],
            experiment_health=[],
            certificates=[],
            reconciliation=[],
        ),
    )
    behind = table(app, "freshness").set_index("table_name")["days_behind"]
    assert behind["gold.unit_metrics"] == 7
    assert {behind[f"gold.{name}"] for name in ("asset_daily", "metric_moments", "experiment_results")} == {0}
    assert len(behind) == 8


def test_the_workflow_is_drawn_as_its_newest_run_left_it(lake: Lake, runs: Rows, glue: Glue) -> None:
    glue.up()
    app = page("pipeline", lake(runs=runs))
    assert table(app, "jobs")[["job", "state", "after"]].to_numpy().tolist() == [
        ["w-one", "not started", ""],
        ["w-two", "not started", "w-one"],
    ]
    glue.ended(workflows.start(date(2026, 1, 5)))
    follow.look_again()  # as it does by itself after two seconds
    app = page("pipeline", lake(runs=runs))
    assert list(table(app, "jobs")["state"]) == ["SUCCEEDED", "SUCCEEDED"]
    assert any(each.value.endswith("of week 2026-01-05 left it: COMPLETED.") for each in app.caption)


def test_readers_share_what_glue_says(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    glue.up()
    asked: list[str] = []
    really = workflows.runs
    monkeypatch.setattr(workflows, "runs", lambda: asked.append("runs") or really())
    assert [follow.runs() for _ in range(3)] == [[]] * 3
    assert len(asked) == 1
    follow.look_again()
    assert follow.runs() == []
    assert len(asked) == 2


AT = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_graph_says_its_states_in_words() -> None:
    graph = Graph(("a", "b", "c"), (("a", "b"), ("b", "c")))
    states = {
        "a": JobState("a", "SUCCEEDED", 1, AT, AT, 1234.0, None),
        "b": JobState("b", "ODD", 1, AT, None, None, None),
    }
    text = charts.graph(graph, states)
    assert '"a" [label="a\\ndone, 1,234 s"' in text
    assert '"b" [label="b\\nODD"' in text
    assert '"c" [label="c\\nnot started"' in text
    assert '"a" -> "b";' in text


def test_the_steps_of_a_run_are_the_journals(
    lake: Lake, runs: Rows, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws
    name = f"i{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv(workflows.NAME, name)
    keys = [("day", "HASH"), ("entry", "RANGE")]
    clients.dynamodb().create_table(
        TableName=f"{name}-journal",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],  # type: ignore[misc,typeddict-item]
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in ("day", "entry", "run_id")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "run",
                "KeySchema": [
                    {"AttributeName": "run_id", "KeyType": "HASH"},
                    {"AttributeName": "entry", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    newest = max(runs, key=lambda row: row["started_at"])["run_id"]
    with Journal(newest, "assay-silver", date(2026, 1, 5), f"{name}-journal").step("tables") as step:
        step.rows_in, step.rows_out, step.rows_quarantined = 10, 7, 3
        step.warnings.append("silver.trades grows fast")
    with Journal("wr_other", "assay-silver", date(2026, 1, 5), f"{name}-journal").step("tables"):
        pass
    app = page("pipeline", lake(runs=runs))
    (row,) = table(app, "steps").to_dict("records")
    assert (row["step"], row["state"], row["rows_in"], row["rows_out"]) == ("tables", "SUCCEEDED", 10, 7)
    assert (row["rows_quarantined"], row["warnings"]) == (3, "silver.trades grows fast")
    (chosen,) = [each for each in app.selectbox if each.label == "Run"]
    chosen.select(min(runs, key=lambda row: row["started_at"])["run_id"]).run()
    assert "The journal has no entry of this run: it keeps them for 90 days." in [e.value for e in app.info]
