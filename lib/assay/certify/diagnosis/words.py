"""A diagnosis in plain words."""

from __future__ import annotations

from assay.certify.certificate import CONSERVATIVE, HOLDS, LIBERAL
from assay.certify.diagnosis.candidates import falls_short
from assay.certify.diagnosis.rates import Rates

RE_RANDOMISATION = "re-randomisation"
_MEANS = {
    HOLDS: "it holds its level",
    LIBERAL: "it sees effects that are not there",
    CONSERVATIVE: "it errs on the safe side",
}


def percent(share: float | None) -> str:
    """A share in per cent with the digits that thousands of replicates support.

    Example:
        >>> percent(0.0512), percent(None)
        ('5.1 %', 'unknown')
    """
    return "unknown" if share is None else f"{100 * share:.1f} %"


def between(lower: float | None, upper: float | None) -> str:
    """The ends of a Monte-Carlo interval: `4.7 % to 5.5 %`."""
    return f"{percent(lower)} to {percent(upper)}"


def recommendation(chosen: Rates, better: Rates | None, *, units: int, p_randomised: float | None) -> str:
    """How well the method keeps its level on these units, and what to use.

    Args:
        chosen: Rates of the result's method.
        better: Rates of the alternative that serves better, if one does.
        units: Number of units.
        p_randomised: The result's p-value among the splits; None if it was not looked for.
    """
    return f"{level(chosen, units=units)}{_but(chosen)}; {_advice(chosen, better, p_randomised)}"


def level(chosen: Rates, *, units: int) -> str:
    """How well a method keeps its level.

    Args:
        chosen: Its rates.
        units: Number of units.
    """
    return (
        f"{chosen.method} rejects a true null in {percent(chosen.type_i_error)} "
        f"({between(chosen.lower, chosen.upper)}) of {chosen.replicates:,} random assignments of these "
        f"{units:,} units (nominal {100 * chosen.alpha:g} %): {_MEANS[chosen.verdict]}"
    )


def silent(method: str, *, units: int) -> str:
    """What is said where no random assignment has a p-value."""
    return f"{method} has no p-value in any random assignment of these {units:,} units: nothing is measured"


def effect(found: Rates) -> str:
    """What the method does at the planted lift, in a sentence; empty where no lift could be planted."""
    if found.power is None:
        return ""
    covers = (
        f"; its intervals hold the truth in {percent(found.coverage)} "
        f"({between(found.coverage_lower, found.coverage_upper)}), lie above it in "
        f"{percent(found.miss_left)} and below it in {percent(found.miss_right)}"
        if found.coverage is not None
        else ""
    )
    exaggerates = (
        f"; what it calls different it exaggerates {found.type_m:.2f}-fold, with the wrong sign in "
        f"{percent(found.type_s)}"
        if found.type_m is not None
        else ""
    )
    return (
        f"a planted lift of {100 * (found.lift or 0.0):+.3g} % is found in {percent(found.power)} "
        f"({between(found.power_lower, found.power_upper)}){covers}{exaggerates}"
    )


def _but(chosen: Rates) -> str:
    if chosen.verdict == LIBERAL or not falls_short(chosen):
        return ""
    level = f"{100 * (1 - chosen.alpha):g} %"
    return f", but its {level} intervals hold a planted effect in only {percent(chosen.coverage)}"


def _advice(chosen: Rates, better: Rates | None, p_randomised: float | None) -> str:
    if better is not None:
        verb = f"use {better.method} instead" if falls_short(chosen) else f"{better.method} serves better"
        rejects = f"{verb}: it rejects a true null in {percent(better.type_i_error)}"
        if chosen.power is None or better.power is None:
            return rejects
        lift = f"a lift of {100 * (better.lift or 0.0):+.3g} %"
        return f"{rejects} and finds {lift} in {percent(better.power)}, against {percent(chosen.power)}"
    if not falls_short(chosen):
        return "keep it"
    test = (
        "a permutation test" if p_randomised is None else f"the re-randomisation p-value, {p_randomised:.2g}"
    )
    return f"no alternative does better: judge by {test}, whose level holds"
