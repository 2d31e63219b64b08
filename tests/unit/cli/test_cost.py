"""`assay cost`: the page is the command's, the numbers add up, and mistakes are one sentence."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from assay import configs
from assay.cli.main import app
from assay.runtime.bill import idle, total


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cost", *arguments])


def test_the_page_is_what_the_command_prints() -> None:
    page = configs.path("docs/costs.md").read_text(encoding="utf-8")
    assert assay("--markdown").stdout == page, "run `assay cost --markdown > docs/costs.md`"


def test_the_document_adds_up() -> None:
    found = json.loads(assay("--json").stdout)
    assert found["schema"] == "assay.cost/1"
    lines = found["idle_month"]
    assert {line["stack"] for line in lines if line["optional"]} <= set(idle.OPTIONAL)
    assert found["idle_month_dollars"] == pytest.approx(
        sum(line["dollars"] for line in lines if not line["optional"])
    )
    prices = {price["name"]: price["dollars"] for price in found["prices"]}
    for line in lines:
        assert line["dollars"] == pytest.approx(line["quantity"] * prices[line["price"]])
    assert found["weekly_run_dollars"] == pytest.approx(sum(job["dollars"] for job in found["weekly_run"]))
    rates = {job["job"]: prices[f"glue.{job['execution_class'].lower()}"] for job in found["weekly_run"]}
    spent = found["events"]["dpu_seconds"]
    assert found["events"]["glue"] == pytest.approx(
        sum(seconds / 3600 * rates[job] for job, seconds in spent.items())
    )


def test_seconds_of_ones_own_replace_the_measured() -> None:
    found = json.loads(assay("--seconds", "gold=3600", "--seconds", "calibrate=0", "--json").stdout)
    jobs = {job["job"]: job for job in found["weekly_run"]}
    # Two workers of one DPU for an hour, FLEX at $0.29; and the minute that is billed at least.
    assert jobs["gold"]["dollars"] == pytest.approx(0.58)
    assert jobs["calibrate"]["dpu_seconds"] == 120.0


def test_weeks_of_a_size_are_forecast() -> None:
    shown = assay("--events", "1e8", "--experiments", "40", "--weeks", "26")
    assert shown.exit_code == 0, shown.output
    assert "A week of 100,000,000 events, 40 experiments of 4 metrics" in shown.stdout
    assert "All of it for 26 such weeks" in shown.stdout
    assert "A month in which nothing runs" not in shown.stdout
    told = json.loads(assay("--events", "1e8", "--experiments", "40", "--weeks", "26", "--json").stdout)[
        "forecast"
    ]
    assert (told["events"], told["experiments"], told["weeks"]) == (1e8, 40, 26)
    assert told["dollars"] == pytest.approx(sum(each["dollars"] for each in told["amounts"]))


def test_more_of_anything_costs_no_less() -> None:
    def dollars(*sizes: str) -> float:
        found = json.loads(assay(*sizes, "--json").stdout)["forecast"]["dollars"]
        assert isinstance(found, float)
        return found

    usual = dollars("--weeks", "52")
    assert dollars("--events", "1e9") > usual
    assert dollars("--weeks", "104") > usual
    for more in (("--experiments", "5000"), ("--metrics", "500")):
        assert dollars(*more) >= usual


def test_the_tables_are_for_people() -> None:
    shown = assay()
    assert shown.exit_code == 0, shown.output
    for words in (
        "A month in which nothing runs",
        "A weekly run",
        "100 million events more",
        "All of it for 52 such weeks",
        "Prices",
        "gold",
    ):
        assert words in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seconds", "gold"], "--seconds is 'gold'; give JOB=SECONDS, for example gold=240"),
        (["--seconds", "gold=long"], "--seconds is 'gold=long'; give JOB=SECONDS"),
        (["--seconds", "glod=1"], "no job 'glod'; did you mean 'gold'?"),
        (["--seconds", "gold=-1"], "job gold runs -1.0 seconds; it must be 0 or more"),
        (["--seconds", "gold=nan"], "job gold runs nan seconds; it must be 0 or more"),
        (["--events", "-1"], "--events is -1; give 0 to 1,000,000,000,000"),
        (["--weeks", "0"], "--weeks is 0; give 1 to 520"),
        (["--events", "1", "--seconds", "gold=1"], "--seconds and a forecast exclude each other"),
        (["--weeks", "2", "--markdown"], "--markdown and a forecast exclude each other; leave --markdown or"),
        (["--json", "--markdown"], "--json and --markdown exclude each other; give one"),
    ],
)
def test_mistakes_are_one_sentence(arguments: list[str], sentence: str) -> None:
    refused = assay(*arguments)
    assert refused.exit_code == 2
    assert sentence in refused.stderr


def test_only_what_is_asked_for_by_name_is_optional() -> None:
    bill = total.bill({})
    assert bill.idle == pytest.approx(sum(map(bill.stack, set(idle.STACKS) - set(idle.OPTIONAL))))
