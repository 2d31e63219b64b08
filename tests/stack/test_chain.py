"""The whole chain as its users run it: the command line, every server, every job.

One lake goes through two weeks. Glue's API starts the first; the second is `assay run`'s, which is killed in
the middle of gold, with the emulator, and started again: what the tests then find must be what was generated,
each row once. That every other kill ends in the same lake, to the last bit, is tests/faults/test_killed.py's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from pydantic import TypeAdapter

from assay.client import Client
from assay.local import stack, state
from assay.serving import queries
from assay.serving.api import tokens
from assay.serving.queries import saved
from faults.harness import BLUEPRINT, FIRST, JOBS, SECOND, SECONDS, Place

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

PROPERTIES = {"week": FIRST, "blueprint": str(BLUEPRINT)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("chain") / ".assay")
    made.assay("up")
    yield made
    made.assay("reset", "--yes")


@pytest.fixture(scope="module")
def glue(place: Place) -> GlueClient:
    with place.used():
        environment = stack.environment()
    return boto3.client(
        "glue",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="module")
def first_week(place: Place, glue: GlueClient) -> dict[str, Any]:
    """What Glue says of the first week in the end; the AWS CLI starts it where there is one."""
    run_id = _start_by_cli(place) or glue.start_workflow_run(Name="assay", RunProperties=PROPERTIES)["RunId"]
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_workflow_run(Name="assay")
    deadline = time.monotonic() + SECONDS
    while True:
        run: Any = glue.get_workflow_run(Name="assay", RunId=run_id, IncludeGraph=True)["Run"]
        if run["Status"] not in {"RUNNING", "STOPPING"}:
            return {**run, "RunId": run_id}
        assert time.monotonic() < deadline, run
        time.sleep(0.5)


@pytest.fixture(scope="module")
def second_week(place: Place, first_week: dict[str, Any]) -> dict[str, Any]:
    """What `assay run --json` says of the second week, which it ends after a kill."""
    assert first_week
    place.kill_in("assay-gold", SECOND, "emulator")
    (week,) = place.run("--weeks", "1")["weeks"]
    found: dict[str, Any] = week
    return found


def _start_by_cli(place: Place) -> str | None:
    found = shutil.which("aws", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        return None
    pairs = ",".join(f"{name}={value}" for name, value in PROPERTIES.items())
    command = [found, "glue", "start-workflow-run", "--name", "assay", "--run-properties", pairs]
    with place.used():
        environment = os.environ | stack.environment()
    ran = subprocess.run(
        [*command, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return str(json.loads(ran.stdout)["RunId"])


def test_glue_tells_of_a_week_that_ended_well(first_week: dict[str, Any], glue: GlueClient) -> None:
    runs = [
        each
        for node in first_week["Graph"]["Nodes"]
        if node["Type"] == "JOB"
        for each in node["JobDetails"]["JobRuns"]
    ]
    assert not [each["ErrorMessage"] for each in runs if "ErrorMessage" in each]
    assert (first_week["Status"], first_week["Statistics"]["SucceededActions"]) == ("COMPLETED", len(JOBS))
    assert first_week["WorkflowRunProperties"] == PROPERTIES
    listed = [each["WorkflowRunId"] for each in glue.get_workflow_runs(Name="assay")["Runs"]]
    assert first_week["RunId"] in listed
    assert glue.get_table(DatabaseName="gold", Name="experiment_results")["Table"]["Name"]


@pytest.mark.long
def test_a_killed_week_is_ended_by_the_same_command(second_week: dict[str, Any]) -> None:
    assert second_week["week"] == SECOND
    assert set(second_week["jobs"]) == set(JOBS)


@pytest.mark.long
def test_rows_are_what_was_generated(second_week: dict[str, Any], place: Place) -> None:
    """Every trade that is not planted as a fault is in silver once; every fault is in quarantine."""
    assert second_week
    from assay import generators
    from assay.spec import load_blueprint

    blueprint = load_blueprint(BLUEPRINT)
    drawn = [generators.week(blueprint, n) for n in (1, 2)]
    bad = sum(week.bad_trades for week in drawn)
    booked = sum(week.trades.num_rows - week.trade_deletes.num_rows for week in drawn)
    assert bad > 0
    (kept,) = place.query("SELECT count(*) AS n, count(DISTINCT trade_id) AS ids FROM silver.trades")
    assert kept == {"n": booked - bad, "ids": booked - bad}
    (refused,) = place.query("SELECT count(*) AS n FROM silver.quarantine WHERE contract = 'silver.trades'")
    assert refused == {"n": bad}


@pytest.mark.long
def test_results_carry_truth_and_certificate(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    rows = place.query(
        "SELECT experiment, metric, as_of, decision, estimate, lower, upper, truth, covered, error_kind, "
        "type_i_error, certificate_id FROM gold.experiment_results"
    )
    assert len(rows) == 4 * 4  # experiments × metrics
    assert {row["decision"] for row in rows} == {"running"}
    for row in rows:
        assert row["covered"] == (row["lower"] <= row["truth"] <= row["upper"])
        assert row["certificate_id"]
        assert 0 <= row["type_i_error"] <= 0.2
    truths = {(row["experiment"], row["metric"]): row["truth"] for row in rows}
    assert truths["button_colour", "trades_per_customer"] == 0
    assert truths["one_click_trading", "trades_per_customer"] > 0


@pytest.mark.long
def test_sample_ratio_mismatch_is_caught(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    rows = place.query(
        "SELECT experiment, status FROM gold.experiment_health "
        "WHERE \"check\" = 'srm' AND as_of = DATE '2026-01-19'"
    )
    assert {row["experiment"]: row["status"] for row in rows} == {
        "button_colour": "ok",
        "one_click_trading": "ok",
        "suggested_amounts": "ok",
        "new_onboarding": "fail",
    }


@pytest.mark.long
def test_questions_and_views_are_answered(second_week: dict[str, Any], place: Place) -> None:
    """Of a lake without canaries, segments or an experiment that ended, these have something to say."""
    assert second_week
    with place.used(), pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment().items():
            patch.setenv(name, value)
        rows = {name: queries.query(each.sql).num_rows for name, each in saved.questions().items()}
        rows |= {name: queries.query(f"SELECT * FROM gold.{name}").num_rows for name in saved.views()}
    telling = {
        "assets", "concentration", "costs", "coverage", "decisions", "expensive", "exposed", "freshness",
        "health", "late", "latest_results", "looks", "markets", "methods", "moments", "quarantine", "running",
        "table_freshness", "unit_costs",
    }  # fmt: skip
    assert telling - {name for name, count in rows.items() if count} == set()
    assert rows["moments"] == rows["running"] // 4 * 3  # three of the four metrics are means
    assert rows["breaks"] == 0


@pytest.mark.long
def test_three_sources_that_disagree_give_one_price_and_say_who_dissented(
    second_week: dict[str, Any], place: Place
) -> None:
    """Every fault that the stand-in market has planted in these weeks is in gold as the rule treats it."""
    assert second_week
    said = place.query("SELECT source, count(*) AS n FROM silver.market_quotes GROUP BY source")
    assert {row["source"]: row["n"] for row in said} == {
        "closes_api": 38, "closes_legacy": 39, "closes_page": 40,
    }  # fmt: skip
    rows = place.query(
        "SELECT asset, day, close, adjusted_close, sources, dissenting FROM gold.asset_daily "
        "WHERE is_session ORDER BY asset, day"
    )
    found = {(row["asset"], row["day"]): row for row in rows}
    assert len(found) == 4 * 10
    both = ["closes_legacy", "closes_page"]
    everyone = ["closes_api", *both]
    assert {key: row["dissenting"] for key, row in found.items() if row["dissenting"]} == {
        ("SMI", "2026-01-14"): ["closes_page"],
        ("FTSE", "2026-01-15"): ["closes_legacy"],
        ("DAX", "2026-01-13"): ["closes_legacy"],
    }
    assert {key: row["sources"] for key, row in found.items() if row["sources"] != everyone} == {
        ("CAC", "2026-01-08"): both, ("CAC", "2026-01-16"): None,
    }  # fmt: skip
    prices = {key: float(found[key]["close"]) for key in found if found[key]["close"] is not None}
    assert prices["SMI", "2026-01-14"] == 1703.6
    assert prices["FTSE", "2026-01-15"] == 2510.5
    assert prices["CAC", "2026-01-08"] == 1708.1
    assert (prices["DAX", "2026-01-12"], prices["DAX", "2026-01-13"]) == (1610.61, 163.1)
    assert float(found["DAX", "2026-01-12"]["adjusted_close"]) == 161.061


@pytest.mark.long
def test_portfolios_hold_what_customers_bought(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    (booked,) = place.query(
        "SELECT sum(CASE side WHEN 'buy' THEN quantity ELSE -quantity END) AS units, "
        "sum(CASE side WHEN 'buy' THEN notional ELSE -notional END) AS paid "
        "FROM silver.trades WHERE customer_id >= 0"
    )
    (held,) = place.query("SELECT sum(units_traded) AS units, sum(traded) AS paid FROM gold.portfolio_daily")
    assert held == booked
    (last,) = place.query(
        "SELECT sum(units) AS units, sum(worth) AS worth FROM (SELECT max_by(units, day) AS units, "
        "max_by(market_value, day) AS worth FROM gold.portfolio_daily GROUP BY portfolio, asset)"
    )
    (profit,) = place.query("SELECT sum(profit) AS profit FROM gold.portfolio_daily")
    assert last["units"] == booked["units"]
    assert float(profit["profit"]) == pytest.approx(float(last["worth"]) - float(booked["paid"]))


@pytest.mark.long
def test_the_api_says_what_gold_holds(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    home = state.Home(place.home)
    url, token = f"http://127.0.0.1:{home.port('api')}", tokens.make(home.tokens, "chain")
    with Client(url, token) as client:
        listed = list(client.experiments())
        results = [row for each in listed for row in client.results(each.experiment)]
        certificates, assets = list(client.certificates()), list(client.assets())
        prices = [row for each in assets for row in client.prices(each.asset)]
        runs = list(client.runs.list())
        held = {
            "experiment_results": results, "certificates": certificates, "asset_daily": prices,
        }  # fmt: skip
        for table, found in held.items():
            rows = place.query(f"SELECT * FROM gold.{table}")
            assert {_told(row) for row in found} == {_held(row) for row in rows}
            assert len(found) == len(rows) > 0
        assert {each.experiment for each in listed} == {row.experiment for row in results}
        assert {each.run for each in runs} == {
            row["run_id"] for row in place.query("SELECT run_id FROM gold.runs")
        }
        newest = client.runs.get(second_week["run_id"])
        assert (newest.state, {each.job for each in newest.jobs}) == ("SUCCEEDED", set(JOBS))
        assert client.experiment(listed[0].experiment) == listed[0]
        assert client.certificate(certificates[0].certificate_id) == certificates[0]
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    shown = page.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {"URL": url, "TOKEN": token}
    exec(shown, names)  # noqa: S102 what the page shows
    assert len(names["frame"]) > 0


def _told(row: Any) -> str:
    """A record of the client, as `_held` writes a row of gold."""
    made = TypeAdapter(type(row)).dump_python(row, mode="json")
    return _held({"_run_id" if name == "run" else name: value for name, value in made.items()})


def _held(row: dict[str, Any]) -> str:
    """A row in one form: numbers as numbers, and a list that is missing as an empty one."""
    return json.dumps({name: _number(value) for name, value in sorted(row.items())})


def _number(value: Any) -> Any:
    if value is None or value == []:
        return None
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else value
    except ValueError:
        return value


@pytest.mark.long
def test_a_week_again_changes_nothing(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    before = place.checksums("silver", "gold")
    assert before["gold.experiment_results"][0] > 0
    said = place.assay("run", "--blueprint", str(BLUEPRINT), "--week", "2")
    assert "next:" in said
    assert place.checksums("silver", "gold") == before


@pytest.mark.long
def test_checksums_for_people(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    assert "gold.experiment_results" in place.assay("checksum", "gold")
    assert "did you mean 'gold'?" in place.assay("checksum", "golf", code=2)


@pytest.mark.long
def test_an_unknown_table_is_one_sentence(second_week: dict[str, Any], place: Place) -> None:
    assert second_week
    said = place.assay("query", "SELECT * FROM gold.experiment_result", code=2)
    assert "gold.experiment_results" in said
    assert "Traceback" not in said


@pytest.mark.long
def test_results_are_exported_and_moments_say_them_again(
    second_week: dict[str, Any], place: Place, tmp_path: Path
) -> None:
    """Gold's moments, read as any tool's summary statistics, give gold's own estimates."""
    assert second_week
    told = json.loads(place.assay("export", "button_colour", "--format", "json"))
    assert {row["as_of"] for row in told} == {"2026-01-19"}
    assert {row["srm_p_value"] > 0.001 for row in told} == {True}
    every = place.assay("export", "button_colour", "--all")
    assert len(every.splitlines()) == 1 + len(told)  # it started in the second week
    assert [each["metric"] for each in json.loads(place.assay("export", "button_colour", "-f", "growthbook"))]
    assert "did you mean 'button_colour'?" in place.assay("export", "button_color", code=2)
    sql = "SELECT * FROM gold.metric_moments WHERE experiment = 'button_colour' AND as_of = DATE '2026-01-19'"
    moments = tmp_path / "moments.csv"
    moments.write_text(place.assay("query", sql, "--format", "csv"))
    again = json.loads(place.assay("compare", str(moments), "--control", "control", "--json"))
    estimates = {row["metric"]: row["estimate"] for row in told}
    assert len(again["comparisons"]) == len(estimates)
    for row in again["comparisons"]:
        assert abs(row["estimate"] - estimates[row["metric"]]) < 1e-9 * max(1.0, abs(row["estimate"]))
