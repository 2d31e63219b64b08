"""Which periods and looks a change reaches."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from assay.medallion.gold_scope import WEEK, Scope, Touched, measures, monday, scopes
from assay.spec import Anytime, Bayesian, Blueprint, Metric, Sequential

BLUEPRINT = Blueprint.parse(
    """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
  visits: {table: silver.visits, unit: customer_id, time: visited_at}
metrics:
  value: {type: mean, numerator: trades.notional}
  rate: {type: ratio, numerator: trades.count, denominator: visits.count}
experiments:
  plain: {first_week: 3, weeks: 3, covariate_days: 7, metrics: [value],
          arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
  both: {first_week: 3, weeks: 3, covariate_days: 0, metrics: [value, rate],
         arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
""",
    "test",
)


DISTINCT = Metric(type="mean", numerator="distinct(trades.asset)")


def week(n: int) -> date:
    return date(2026, 1, 5) + (n - 1) * WEEK


def numbers(days: tuple[date, ...]) -> list[int]:
    return [(day - date(2026, 1, 5)).days // 7 + 1 for day in days]


def asked(touched: Touched | None, since: int | None, until: int) -> dict[str, tuple[list[int], list[int]]]:
    found = scopes(BLUEPRINT, touched, since=None if since is None else week(since), until=week(until))
    return {scope.planned.id: (numbers(scope.periods), numbers(scope.looks)) for scope in found}


def test_the_first_run_asks_for_everything() -> None:
    assert asked(None, None, 5) == {"both": ([3, 4], [4, 5]), "plain": ([2, 3, 4], [4, 5])}
    assert asked(None, None, 9)["plain"] == ([2, 3, 4, 5], [4, 5, 6])
    assert asked(None, None, 3) == {}


def test_where_a_look_may_decide_early_every_look_is_made_with_it() -> None:
    experiment = BLUEPRINT.experiments["plain"]
    for plan in (Sequential(looks=[1, 3]), Anytime(), Bayesian()):
        changed = BLUEPRINT.model_copy(
            update={"experiments": {"plain": experiment.model_copy(update={"plan": plan})}}
        )
        (scope,) = scopes(changed, Touched(), since=week(5), until=week(6))
        assert numbers(scope.periods) == [5]
        assert numbers(scope.looks) == ([6] if isinstance(plan, Bayesian) else [4, 5, 6])
        assert scopes(changed, Touched(), since=week(6), until=week(6)) == []


def test_nothing_changed_and_nothing_new_asks_for_nothing() -> None:
    assert asked(Touched(), 9, 9) == {}


def test_a_new_week_is_asked_for_without_any_change() -> None:
    assert asked(Touched(), 5, 6) == {"both": ([5], [6]), "plain": ([5], [6])}


def test_an_event_touches_its_period_and_the_looks_after_it() -> None:
    assert asked(Touched({"trades": frozenset({week(4)})}), 9, 9) == {
        "both": ([4], [5, 6]),
        "plain": ([4], [5, 6]),
    }


def test_an_event_of_the_pre_period_touches_every_look() -> None:
    assert asked(Touched({"trades": frozenset({week(2)})}), 9, 9) == {"plain": ([2], [4, 5, 6])}


def test_a_value_that_is_new_in_an_earlier_week_is_no_longer_new_in_a_later_one() -> None:
    assets = BLUEPRINT.model_copy(update={"metrics": {"value": DISTINCT, "rate": BLUEPRINT.metrics["rate"]}})
    touched = Touched({"trades": frozenset({week(3)})})

    def periods(blueprint: Blueprint) -> list[int]:
        found = scopes(blueprint, touched, since=week(9), until=week(9))
        return next(numbers(scope.periods) for scope in found if scope.planned.id == "plain")

    assert (periods(BLUEPRINT), periods(assets)) == ([3], [3, 4, 5])


def test_a_fact_touches_only_the_experiments_that_use_it() -> None:
    assert set(asked(Touched({"visits": frozenset({week(4)})}), 9, 9)) == {"both"}


def test_events_outside_an_experiment_touch_nothing() -> None:
    assert asked(Touched({"trades": frozenset({week(1), week(7)})}), 9, 9) == {}


def test_an_exposure_reaches_back_by_the_covariate_and_on_to_the_end() -> None:
    day = week(4) + timedelta(days=2)
    assert asked(Touched({}, {"plain": day, "both": day}), 9, 9) == {
        "both": ([4, 5], [5, 6]),
        "plain": ([3, 4, 5], [5, 6]),
    }


def test_an_experiment_that_starts_now_is_new_with_its_pre_period() -> None:
    assert asked(Touched(), 3, 4) == {"both": ([3], [4]), "plain": ([2, 3], [4])}


def test_words() -> None:
    assert monday(date(2026, 1, 11)) == date(2026, 1, 5)
    used = measures(BLUEPRINT, BLUEPRINT.round_of("both"))
    assert [measure.key for measure in used] == ["trades.count", "trades.notional", "visits.count"]


def test_a_scope_is_a_value() -> None:
    scope = Scope(BLUEPRINT.round_of("plain"), (week(3),), ())
    with pytest.raises(AttributeError):
        scope.looks = (week(4),)  # type: ignore[misc]


def test_what_changed_since_either_of_two_states() -> None:
    one = Touched({"trades": frozenset({week(2)}), "visits": frozenset()}, {"plain": week(4)})
    other = Touched({"trades": frozenset({week(3)})}, {"plain": week(3), "both": week(5)})
    both = Touched(
        {"trades": frozenset({week(2), week(3)}), "visits": frozenset()}, {"plain": week(3), "both": week(5)}
    )
    assert one | other == other | one == both
    assert one | Touched() == one
