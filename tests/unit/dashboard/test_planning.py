"""The page *Plan*: the numbers of `assay plan`, while they are typed."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from tests.unit.dashboard.conftest import Lake, page, table

from assay.certify.plan import Lawful, law_of, plan
from assay.distributions import Normal
from assay.errors import TransientError

pytestmark = pytest.mark.long


def number(app: AppTest, label: str) -> Any:
    (found,) = [each for each in app.number_input if each.label == label]
    return found


def chosen(app: AppTest, label: str) -> Any:
    (found,) = [each for each in app.selectbox if each.label == label]
    return found


def said(app: AppTest) -> dict[str, str]:
    assert not app.exception
    return {each.label: each.value for each in app.metric}


def test_the_sample_size_is_that_of_the_command_line(lake: Lake) -> None:
    app = page("planning", lake())
    planned = plan(Lawful(Normal(12.0, 40.0)), lift=0.05, units_per_week=10_000, replicates=100)
    assert said(app) == {
        "units": f"{planned.n_control + planned.n_treatment:,}",
        "in control": f"{planned.n_control:,}",
        "in treatment": f"{planned.n_treatment:,}",
        "lift": "+5.00%",
        "power": "80.0%",
        "weeks": str(planned.weeks),
    }


def test_every_number_counts_at_once(lake: Lake) -> None:
    app = page("planning", lake())
    before = said(app)["units"]
    number(app, "Lift to find, %").set_value(10.0).run()
    planned = plan(Lawful(Normal(12.0, 40.0)), lift=0.10, replicates=100)
    assert said(app)["units"] == f"{planned.n_control + planned.n_treatment:,}" != before
    chosen(app, "Work out").select("power").run()
    number(app, "Units of both arms").set_value(40_000).run()
    planned = plan(Lawful(Normal(12.0, 40.0)), lift=0.10, n=40_000, replicates=100)
    assert said(app)["power"] == f"{planned.power:.1%}"
    chosen(app, "Work out").select("minimum effect").run()
    planned = plan(Lawful(Normal(12.0, 40.0)), n=20_000, power=0.8, replicates=100)
    number(app, "Units of both arms").set_value(20_000).run()
    assert said(app)["lift"] == f"{planned.lift:+.2%}"


def test_the_curves_go_through_the_answer(lake: Lake) -> None:
    app = page("planning", lake())
    units = int(said(app)["units"].replace(",", ""))
    curve = table(app, "curve")
    assert curve["power"].is_monotonic_increasing
    assert curve["units"].iloc[0] < units < curve["units"].iloc[-1]
    effects = table(app, "effects")
    assert effects["lift"].is_monotonic_decreasing
    weeks = int(said(app)["weeks"])
    at = effects.set_index("weeks")["lift"]
    assert at[weeks] <= 0.05 < at[weeks - 1]
    number(app, "Units that enter in a week").set_value(0).run()
    assert said(app)["weeks"] == "unknown"
    assert len(app.dataframe) == 1


def test_a_metric_that_was_measured_is_a_start(lake: Lake) -> None:
    usual = {
        "experiment": "checkout", "arm": "control", "segment": "all", "as_of": date(2026, 3, 2), "n": 400,
        "mean_d": 1.0, "m2_d": 0.0,
    }  # fmt: skip
    moments = [
        usual | {"metric": "spent", "mean_y": 20.0, "m2_y": 400 * 25.0},
        usual | {"metric": "bought", "mean_y": 0.25, "m2_y": 400 * 0.25 * 0.75},
        usual | {"metric": "per_visit", "mean_y": 2.0, "m2_y": 1.0, "m2_d": 9.0},
        usual | {"metric": "spent", "arm": "treatment", "n": 900, "mean_y": 99.0, "m2_y": 1.0},
        usual | {"metric": "spent", "as_of": date(2026, 2, 2), "mean_y": 1.0, "m2_y": 1.0},
    ]
    named = [{"experiment": "checkout", "control": "control"}]
    app = page("planning", lake(metric_moments=moments, experiment_results=named))
    assert chosen(app, "Units like those of").options == ["bought", "spent", "numbers of my own"]
    planned = plan(Lawful(law_of(metric="proportion", mean=0.25)), lift=0.05, replicates=100)
    assert chosen(app, "Metric").value == "proportion"
    assert said(app)["units"] == f"{planned.n_control + planned.n_treatment:,}"
    chosen(app, "Units like those of").select("spent").run()
    assert chosen(app, "Metric").value == "mean"
    assert number(app, "Mean of a unit").value == 20.0
    assert math.isclose(number(app, "Standard deviation of a unit").value, 5.0)


def test_simulation_is_asked_for(lake: Lake) -> None:
    app = page("planning", lake())
    number(app, "Lift to find, %").set_value(100.0).run()
    app.button[0].click().run()
    shown = app.dataframe[-1].value
    units = Lawful(Normal(12.0, 40.0))
    done = plan(units, lift=1.0, replicates=1000).simulated
    assert done is not None
    (heading,) = [name for name in shown.columns if "1,000 experiments" in name]
    assert heading.startswith("welch")
    assert shown[heading].iloc[0].startswith(f"{done.power.value:.1%} (")
    assert shown["formula"].tolist() == ["80.1%", "5.0%"] or shown["formula"].iloc[1] == "5.0%"


def test_what_is_too_large_to_simulate_is_told(lake: Lake) -> None:
    app = page("planning", lake())
    number(app, "Lift to find, %").set_value(0.1).run()
    app.button[0].click().run()
    (info,) = app.info
    assert info.value.endswith("too many to simulate; the formula stands alone.")


@pytest.mark.parametrize(
    ("label", "value", "says"),
    [
        ("Lift to find, %", 0.0, "lift is 0; it must be a number other than 0"),
        ("Power, %", 100.0, "power is 1; it must lie strictly between 0 and 100 %"),
        ("Power, %", 4.0, "power is not above alpha"),
        ("Two-sided level, %", 0.0, "the level is 0; it must lie strictly"),
        ("Share in the treatment, %", 100.0, "the share in the treatment is 1"),
        ("Standard deviation of a unit", 0.0, "sd is 0.0; the mean of a normal law needs"),
        ("Mean of a unit", 0.0, "mean 0"),
    ],
)
def test_bad_input_is_one_sentence(lake: Lake, label: str, value: float, says: str) -> None:
    app = page("planning", lake())
    number(app, label).set_value(value).run()
    assert not app.exception
    (error,) = app.error
    assert says in error.value


def test_a_proportion_lies_between_0_and_1(lake: Lake) -> None:
    app = page("planning", lake())
    chosen(app, "Metric").select("proportion").run()
    (error,) = app.error
    assert "mean is 12; a proportion lies strictly between 0 and 1" in error.value
    number(app, "Mean of a unit").set_value(0.2).run()
    planned = plan(Lawful(law_of(mean=0.2)), lift=0.05, replicates=100)
    assert said(app)["units"] == f"{planned.n_control + planned.n_treatment:,}"


def test_without_a_lake_one_plans_with_numbers_of_ones_own() -> None:
    def query(_: str) -> object:
        raise TransientError("the catalog does not answer: refused; is the stack up (`assay status`)?")

    app = page("planning", query)
    (error,) = app.error
    assert error.value.startswith("the catalog does not answer")
    assert chosen(app, "Units like those of").options == ["numbers of my own"]
    assert said(app)["power"] == "80.0%"
