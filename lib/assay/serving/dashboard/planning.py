"""The page *Plan*: units, weeks, effect and power of an experiment to come, while the numbers are typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from assay.certify.plan import Lawful, Planned, curve, effects, formula, law_of, simulate, usable
from assay.errors import InputError
from assay.serving.dashboard import page
from assay.serving.dashboard.charts import planning as charts
from assay.serving.dashboard.reading import Query, planning

NUMBERS: Final = "numbers of my own"
_WEEKS = 12
_REPLICATES = 1000
_ASKED: Final = {"sample size": "units", "minimum effect": "the smallest effect", "power": "power"}
_LAWS: Final = ("normal", "gamma", "lognormal")
_CURVE: page.Columns = {
    "units": st.column_config.NumberColumn("units of both arms", format="localized"),
    "power": st.column_config.NumberColumn("power", format="percent"),
}
_EFFECTS: page.Columns = {
    "weeks": st.column_config.NumberColumn("weeks"),
    "units": st.column_config.NumberColumn("units of both arms", format="localized"),
    "lift": st.column_config.NumberColumn("smallest lift", format="percent"),
    "effect": st.column_config.NumberColumn("smallest effect", format=page.NUMBER),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What was typed.

    Attributes:
        units: What a unit is like without treatment.
        asked: A key of `_ASKED`.
        lift: Relative effect; None where it is worked out.
        power: Wanted probability to find it; None where it is worked out.
        n: Units of both arms; None where they are worked out.
        allocation: Share of the units in the treatment.
        alpha: Two-sided level.
        per_week: Units that enter in a week; None if unknown.
    """

    units: Lawful
    asked: str
    lift: float | None
    power: float | None
    n: int | None
    allocation: float
    alpha: float
    per_week: float | None

    def planned(self) -> Planned:
        """The answer by the formula."""
        return formula(
            self.units,
            lift=self.lift,
            power=self.power,
            n=self.n,
            allocation=self.allocation,
            alpha=self.alpha,
            units_per_week=self.per_week,
        )


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    st.title("Plan")
    with page.told():
        question = _question(_measured(query))
        found = question.planned()
        _answer(found)
        _curves(question, found)
        _simulation(question, found)


def _measured(query: Query) -> pd.DataFrame:
    """Metrics to start from; a lake that does not answer only takes the choice away."""
    with page.told():
        return query(planning.MEASURED)
    return pd.DataFrame()


def _question(measured: pd.DataFrame) -> Question:
    left, middle, right = st.columns(3)
    with left:
        units = _units(measured)
    with middle:
        asked = str(st.selectbox("Work out", list(_ASKED), format_func=_ASKED.__getitem__))
        lift = None if asked == "minimum effect" else _percent("Lift to find, %", 5.0)
        power = None if asked == "power" else _percent("Power, %", 80.0)
        n = (
            None
            if asked == "sample size"
            else int(st.number_input("Units of both arms", min_value=4, value=20_000))
        )
    with right:
        allocation = _percent("Share in the treatment, %", 50.0)
        alpha = _percent("Two-sided level, %", 5.0)
        per_week = st.number_input(
            "Units that enter in a week", min_value=0, value=10_000, help="0: unknown."
        )
    for name, share in (("power", power), ("the share in the treatment", allocation), ("the level", alpha)):
        if share is not None and not 0 < share < 1:
            raise InputError(f"{name} is {share:.4g}; it must lie strictly between 0 and 100 %")
    return Question(units, asked, lift, power, n, allocation, alpha, float(per_week) or None)


def _percent(label: str, value: float) -> float:
    return float(st.number_input(label, value=value, format="%.2f")) / 100


def _units(measured: pd.DataFrame) -> Lawful:
    """What a unit is like: as measured, or as typed."""
    known = {} if measured.empty else {str(row["metric"]): row for row in measured.to_dict("records")}
    like = str(st.selectbox("Units like those of", [*known, NUMBERS]))
    if like == NUMBERS:
        mean, sd = 12.0, 40.0
    else:
        row = known[like]
        mean, sd = float(row["mean"]), float(row["sd"])
        st.caption(f"{row['experiment']}, control, {row['as_of']}: {row['n']:,} units")
    binary = 0 < mean < 1 and math.isclose(sd, math.sqrt(mean * (1 - mean)), rel_tol=1e-6)
    kind = st.selectbox("Metric", ["mean", "proportion"], index=int(binary), key=f"kind of {like}")
    mean = float(st.number_input("Mean of a unit", value=mean, format="%.6g", key=f"mean of {like}"))
    if kind == "proportion":
        if not 0 < mean < 1:
            raise InputError(f"mean is {mean:g}; a proportion lies strictly between 0 and 1")
        return Lawful(law_of(metric="proportion", mean=mean))
    sd = float(st.number_input("Standard deviation of a unit", value=sd, format="%.6g", key=f"sd of {like}"))
    law = st.selectbox("Law that is simulated", _LAWS, help="The formula knows mean and deviation only.")
    return Lawful(law_of(metric="mean", mean=mean, sd=sd, law=str(law)))


def _answer(found: Planned) -> None:
    units, control, treatment, lift, power, weeks = st.columns(6)
    units.metric("units", f"{found.n_control + found.n_treatment:,}")
    control.metric("in control", f"{found.n_control:,}")
    treatment.metric("in treatment", f"{found.n_treatment:,}")
    lift.metric("lift", f"{found.lift:+.2%}", help=f"{found.effect:+.4g} in the metric's unit")
    power.metric("power", f"{found.power:.1%}")
    weeks.metric("weeks", "unknown" if found.weeks is None else f"{found.weeks:,}")


def _curves(question: Question, found: Planned) -> None:
    n = found.n_control + found.n_treatment
    sizes = np.unique(np.round(np.linspace(max(n / 10, 4), 2 * n, 40)))
    powers = curve(
        question.units, lift=found.lift, n=sizes, allocation=question.allocation, alpha=found.alpha
    )
    st.subheader("Power, by units")
    points = pd.DataFrame({"units": sizes, "power": powers})
    page.chart(f"Power over units, from {sizes[0]:,.0f} to {sizes[-1]:,.0f}", charts.power, points, n)
    with st.expander("Numbers"):
        page.table(points, _CURVE, "curve")
    if question.per_week is None:
        return
    st.subheader("Smallest effect, by weeks")
    weeks = np.arange(1, max(_WEEKS, found.weeks or 0) + 1)[: 4 * _WEEKS]
    size = weeks * question.per_week
    least = effects(
        question.units, n=size, power=found.power, allocation=question.allocation, alpha=found.alpha
    )
    table = pd.DataFrame({
        "weeks": weeks, "units": size, "lift": least, "effect": least * float(question.units.outcome.mean),
    })  # fmt: skip
    page.chart(f"The smallest lift that is found with a power of {found.power:.0%}", charts.effects, table)
    page.table(table, _EFFECTS, "effects")


def _simulation(question: Question, found: Planned) -> None:
    st.subheader("Does the method do what the formula says?")
    if not st.button(f"Simulate {_REPLICATES:,} experiments"):
        st.caption(
            "Draws units from the law, with the effect and without, and counts how often the method speaks."
        )
        return
    with st.spinner("simulating experiments ..."):
        done = simulate(
            question.units,
            usable(None, question.units),
            n_control=found.n_control,
            n_treatment=found.n_treatment,
            lift=found.lift,
            alpha=found.alpha,
            replicates=_REPLICATES,
        )
    if done is None:
        units = f"{found.n_control + found.n_treatment:,}"
        st.info(f"{units} units are too many to simulate; the formula stands alone.")
        return
    share = partial("{0.value:.1%} ({0.lower:.1%} to {0.upper:.1%})".format)
    st.dataframe(
        pd.DataFrame({
            "": ["power", "false alarms without effect"],
            "formula": [f"{found.power:.1%}", f"{found.alpha:.1%}"],
            f"{found.method}, {done.replicates:,} experiments": [share(done.power), share(done.false_alarms)],
        }),
        hide_index=True,
        key="simulated",
    )  # fmt: skip
