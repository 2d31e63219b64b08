"""The blueprint: reading, the calendar, canonical form, and one sentence for everything that is wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from assay import configs
from assay.distributions import Gamma, Poisson
from assay.errors import InputError
from assay.spec import Blueprint, Generate, load_blueprint

SMALL = Path(__file__).parents[2] / "data/blueprints/small.yaml"
TEXT = SMALL.read_text()

REAL = """
name: clinic
start: 2026-01-05
facts:
  visits: {table: silver.visits, unit: patient_id, time: visited_at}
metrics:
  visits: {type: mean, numerator: visits.count}
experiments:
  letter:
    weeks: 4
    metrics: [visits]
    arms: [{name: plain, allocation: 0.5}, {name: friendly, allocation: 0.5}]
"""


@pytest.fixture(scope="module")
def small() -> Blueprint:
    return load_blueprint(SMALL)


# ---- known values


def test_the_default_blueprint_is_valid_and_is_what_the_small_one_is_modelled_on(small: Blueprint) -> None:
    default = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))
    assert list(default.experiments) == list(small.experiments)
    assert default.metrics == small.metrics
    assert default.population is not None
    assert default.population.initial == 40_000
    generate = default.facts["trades"].generate
    assert generate is not None
    assert generate.rate.mean == pytest.approx(1.2)


def test_the_calendar_of_rounds(small: Blueprint) -> None:
    assert small.planned(1) == []
    assert [p.id for p in small.planned(2)] == sorted(small.experiments)
    assert small.planned(9) == []
    second = small.planned(date(2026, 3, 11))[0]
    assert (second.id, second.experiment, second.round) == ("button_colour.2", "button_colour", 2)
    assert (second.start, second.enrol_end, second.end) == (
        date(2026, 3, 9),
        date(2026, 4, 6),
        date(2026, 4, 27),
    )
    assert second.control == "control"
    assert second.metrics == small.experiments["button_colour"].metrics
    assert small.week_start(10) == second.start
    assert small.week_number(second.start) == 10
    assert small.week_number(date(2026, 1, 4)) == 0


def test_plan_holds_what_started_before_a_date(small: Blueprint) -> None:
    assert small.plan(date(2026, 1, 12)) == []
    assert len(small.plan(date(2026, 1, 13))) == 4
    assert [p.id for p in small.plan(date(2026, 3, 10))][:2] == ["button_colour", "button_colour.2"]
    for planned in small.plan(date(2027, 1, 4)):
        assert small.round_of(planned.id) == planned
        assert small.allocations(planned.id) == planned.allocations == {"control": 0.5, "treatment": 0.5}


def test_a_blueprint_about_real_data_needs_no_synthetic_part() -> None:
    blueprint = Blueprint.parse(REAL, "clinic.yaml")
    assert blueprint.population is None
    planned = blueprint.plan(date(2030, 1, 1))
    assert [p.id for p in planned] == ["letter"]
    assert planned[0].enrol_end == planned[0].end == date(2026, 2, 2)
    assert [measure.key for measure in blueprint.metrics["visits"].measures] == ["visits.count"]


def test_scalars_are_read_as_yaml_1_2() -> None:
    text = TEXT.replace("{GB: 0.35,", "{NO: 35e-2,").replace("seed: 20260105", "seed: 0o7")
    with pytest.raises(InputError, match=r"seed: is '0o7'; it must be a valid integer"):
        Blueprint.parse(text, "small.yaml")
    population = Blueprint.parse(text.replace("0o7", "+7"), "small.yaml").population
    assert population is not None
    assert population.country["NO"] == 0.35


# ---- relations


def test_the_document_is_canonical(small: Blueprint) -> None:
    document = small.document()
    again = Blueprint.parse(document, "document")
    assert again == small
    assert again.document() == document
    assert json.dumps(json.loads(document), sort_keys=True, separators=(",", ":")) == document
    reordered = yaml.safe_dump(json.loads(document), sort_keys=False)
    assert Blueprint.parse(reordered, "yaml").version == small.version


def test_the_version_changes_with_the_meaning_only(small: Blueprint) -> None:
    assert len(small.version) == 12
    assert Blueprint.parse("# a comment\n" + TEXT.replace("3000", "3000 "), "x").version == small.version
    assert Blueprint.parse(TEXT.replace("alpha: 0.05", ""), "x").version == small.version  # the default
    assert Blueprint.parse(TEXT.replace("initial: 3000", "initial: 3001"), "x").version != small.version


def test_models_are_frozen(small: Blueprint) -> None:
    with pytest.raises(ValidationError):
        small.alpha = 0.1


def test_a_law_may_be_given_as_a_distribution_and_is_written_as_a_mapping() -> None:
    generate = Generate(rate=Poisson(2), values={"notional": Gamma(2, 3)})
    assert generate.model_dump() == {
        "rate": {"distribution": "poisson", "rate": 2.0},
        "values": {"notional": {"distribution": "gamma", "shape": 2.0, "scale": 3.0}},
    }
    assert Generate.model_validate(generate.model_dump()) == generate


# ---- refusals


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("initial: 3000", "initials: 3000", "population: no field 'initials'; did you mean 'initial'?"),
        ("market:", "markt:", "population: no field 'markt'; did you mean 'market'?"),
        ("volatility", "volatilty", "population.market: no field 'volatilty'; did you mean 'volatility'?"),
        ("name: small", "title: small", "no field 'title'; allowed: 'alpha', 'canaries', 'experiments'"),
        ("name: small\n", "", "the field 'name' is missing; add it"),
        ("type: mean", "typ: mean", "metrics.trades_per_customer: no field 'typ'; did you mean 'type'?"),
        (
            "allocation: 0.5}",
            "alocation: 0.5}",
            "experiments.button_colour.arms.0: no field 'alocation'; did",
        ),
        ("multi_arm", "mult_arm", "experiments.button_colour.planted: no field 'mult_arm'; did you mean"),
        (
            "week: 30",
            "week: -30",
            "population.signups_per_week: is -30; it must be greater than or equal to 0",
        ),
        ("initial: 3000", "initial: '3000'", "population.initial: is '3000'; it must be a valid integer"),
        ("initial: 3000", "initial: true", "population.initial: is True; it must be a valid integer"),
        ("alpha: 0.05", "alpha: 1.2", "alpha: is 1.2; it must be less than 1"),
        ("alpha: 0.05", "alpha: .nan", "alpha: is '.nan'; it must be a valid number"),
        ("type: mean", "type: median", "is 'median'; it must be 'mean', 'proportion',"),
        ("name: small", "name: My Shop", "name: is 'My Shop'; a name must be lower-case letters, digits"),
        ("table: silver.trades", "table: trades", "facts.trades.table: is 'trades'; it must be layer.table"),
        (
            "start: 2026-01-05",
            "start: 2026-01-06",
            "start: is 2026-01-06 (Tuesday); weeks start on Monday, for",
        ),
        ("start: 2026-01-05", "start: soon", "start: is 'soon'; it must be a valid date"),
        (
            "allocation: 0.5}",
            "allocation: 0.4}",
            "button_colour.arms: the shares sum to 0.9; they must sum to 1",
        ),
        ("{GB: 0.35,", "{GB: 0.25,", "population.country: the shares sum to 0.9; they must sum to 1"),
        ("{basic: 0.70", "{basic: 1.70", "population.tier.basic: is 1.7; it must be less than or equal to 1"),
        ("shape: 2.0", "shape: -2", "facts.trades.generate.rate.of: gamma.shape is -2; it must be above 0"),
        (
            "shape: 2.0",
            "shap: 2",
            "facts.trades.generate.rate.of: gamma has no parameter 'shap'; did you mean",
        ),
        (
            "shape: 2.0, ",
            "",
            "facts.trades.generate.rate.of: gamma needs the parameter 'shape', which is missing",
        ),
        (
            "of: {distribution: gamma,",
            "of: {distribution: gama,",
            "of.distribution: there is no distribution 'gama'",
        ),
        (
            "{distribution: gamma, shape: 1.5, scale: 160.0}",
            "3",
            "values.notional: is 3; write a distribution, for",
        ),
        (
            "{distribution: gamma, shape: 1.5, scale: 160.0}",
            "{distribution: normal, location: 9, deviation: 1}",
            "facts.trades.generate.values.notional: is a normal distribution, which can be negative",
        ),
        ("assets: [BTC, ETH", "assets: [BTC, BTC", "population.market.assets: an asset is named twice"),
        (
            "price: [10, 400]",
            "price: [400, 10]",
            "population.market.price: is [400, 10]; it must be lowest and",
        ),
        ("last_hour: 17", "last_hour: 7", "market.last_hour: is 7; it must not be before first_hour 8"),
        ("values: [notional]", "values: [notional, count]", "a value column may not be named 'count'"),
        (
            "values: [notional]",
            "values: [notional, notional]",
            "facts.trades.values: a column is named twice",
        ),
        (
            "values: [notional]",
            "values: [amount]",
            "generate.values: names ['notional']; it must name the fact's",
        ),
        (
            "time: traded_at",
            "time: booked_at",
            "facts.trades: cannot be generated; only the fact 'trades' can",
        ),
        (
            "numerator: trades.count",
            "numerator: trade.count",
            "numerator: is 'trade.count', but there is no fact",
        ),
        (
            "numerator: trades.count",
            "numerator: trades.cont",
            "fact 'trades' has no measure 'cont'; did you mean",
        ),
        (
            "numerator: trades.count",
            "numerator: trades",
            "numerator: is 'trades', which is no measure; write <fact>.count, <fact>.<value>, max(",
        ),
        (
            "    denominator: trades.count\n",
            "",
            "value_per_trade.denominator: is missing; a ratio needs a measure",
        ),
        ("type: ratio", "type: mean", "denominator: is 'trades.count'; only a ratio has one, this is a mean"),
        (
            "metrics: [trades_per_customer",
            "metrics: [trades_per_custmer",
            "there is no metric 'trades_per_custmer'",
        ),
        (
            "metrics: [trades_per_customer",
            "metrics: [active_customers",
            "button_colour.metrics: the names are",
        ),
        (
            "{trades.rate: 1.50}",
            "{trade.rate: 1.5}",
            "there is nothing to multiply at 'trade.rate'; did you mean",
        ),
        (
            "{trades.rate: 1.50}",
            "{trades.rate: 0}",
            "effects.trades.rate: is 0; a multiplier must be above 0",
        ),
        (
            "{name: treatment, ",
            "{name: control, ",
            "button_colour.arms: the names are ['control', 'control']; every",
        ),
        ("traffic: 0.25", "traffic: 0.35", "experiments: the traffic of layer 'app' sums to 1.1"),
        (
            "      - {name: treatment, allocation: 0.5}\n",
            "",
            "button_colour.arms: is [{'name': 'control', 'allocation': 0.5}]; it must have at least 2 items",
        ),
        ("initial: 3000", "initial: 3000000000", "is 3000000000; it must be less than or equal to 10000000"),
        (
            "      rate:\n",
            "      rate: 2\n      ignore:\n",
            "facts.trades.generate: no field 'ignore'; allowed: 'day_of_week', 'rate'",
        ),
        ("values: [notional]", "values: notional", "facts.trades.values: is 'notional'; it must be a list"),
        ("seed: 20260105", "seed: 1\nfacts_: 1", "no field 'facts_'; did you mean 'facts'?"),
        ("enrol_weeks: 4", "enrol_weeks: 8", "button_colour.enrol_weeks: is 8; it must not exceed weeks, 7"),
        (
            "repeat_every_weeks: 8",
            "repeat_every_weeks: 6",
            "is 6, less than weeks, 7: rounds overlap; raise it",
        ),
        ("{treatment: 0.5}", "{tretment: 0.5}", "names no arm 'tretment'; did you mean 'treatment'?"),
        (
            "name: small",
            "name: small\nname: big",
            "small.yaml, line 3, column 1: the key 'name' is given twice",
        ),
        (
            "name: small",
            "name: small: x",
            "small.yaml, line 2, column 12: not readable as YAML: mapping values",
        ),
        ("MKR, GRT]", "MKR, GRT", "not readable as YAML"),
        ("name: small", "name: \x00", "not readable as YAML: unacceptable character"),
        ("seed: 20260105", "seed: " + "9" * 5000, "not readable as YAML: Exceeds the limit"),
    ],
)
def test_one_sentence_for_what_is_wrong(old: str, new: str, sentence: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        Blueprint.parse(TEXT.replace(old, new, 1), "small.yaml")
    assert caught.value.message.startswith("small.yaml")
    assert sentence in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "time: visited_at}",
            "time: visited_at, generate: {rate: {distribution: poisson, rate: 1}}}",
            "needs a popul",
        ),
        (
            "weeks: 4",
            "weeks: 4\n    planted: {multi_arm: 0.1}",
            "experiments.letter.planted: faults are planted in",
        ),
        (
            "name: friendly,",
            "name: friendly, effects: {visits.rate: 2},",
            "there is nothing to multiply at 'visits.rate'; none is allowed here",
        ),
    ],
)
def test_what_only_a_synthetic_blueprint_may_have(old: str, new: str, sentence: str) -> None:
    assert old in REAL
    with pytest.raises(InputError, match=r"^clinic\.yaml") as caught:
        Blueprint.parse(REAL.replace(old, new, 1), "clinic.yaml")
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("population", 3, "x, population: is 3; it must be a mapping of fields"),
        ("facts", [], "x, facts: is []; it must be a mapping"),
        ("facts", {}, "x, facts: is {}; it must have at least 1 item"),
        ("name", 7, "x, name: is 7; it must be text"),
        ("alpha", "a" * 99, f"x, alpha: is '{'a' * 59}…; it must be a valid number"),
    ],
)
def test_values_of_the_wrong_kind(field: str, value: object, sentence: str) -> None:
    tree = json.loads(load_blueprint(SMALL).document()) | {field: value}
    with pytest.raises(InputError) as caught:
        Blueprint.parse(json.dumps(tree), "x")
    assert caught.value.message.startswith(sentence)


def test_a_population_needs_something_to_draw() -> None:
    tree = json.loads(load_blueprint(SMALL).document())
    tree["facts"]["trades"]["generate"] = None
    for arm in (arm for experiment in tree["experiments"].values() for arm in experiment["arms"]):
        arm["effects"] = {}
    with pytest.raises(InputError, match="x, population: has nothing to draw: no fact has a generate block"):
        Blueprint.parse(json.dumps(tree), "x")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("", "x: the document is empty; it must be a mapping of fields"),
        ("- a\n- b", "x: the document holds a list; it must be a mapping"),
        ('{"name": "a", "name": "b"}', "x: the key 'name' is given twice; remove one"),
        ('{"name": ', "x, line 1, column 10: not readable as YAML"),
        ('{"a": ' + "[" * 100_000, "x: nested too deep; no blueprint needs that"),
        ("? [a]\n: 1", "x, line 1, column 3: not readable as YAML"),
        ("!!python/object:os.system {}", "could not determine a constructor for the tag"),
    ],
)
def test_documents_that_are_no_mapping(document: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        Blueprint.parse(document, "x")
    assert sentence in caught.value.message


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        InputError, match=r"nothing\.yaml: there is no such file; give the path of a YAML file"
    ):
        load_blueprint(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="this is a folder; give the path of a YAML file in it"):
        load_blueprint(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(InputError, match="byte 6 is not UTF-8; save the file as UTF-8 text"):
        load_blueprint(str(tmp_path / "latin.yaml"))

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load_blueprint("locked.yaml")


@pytest.mark.parametrize(
    "planned_id",
    ["button_colour.1", "button_colour.0", "button_colour.x", "button_colour.02", "button_colour."],
)
def test_rounds_that_do_not_exist(small: Blueprint, planned_id: str) -> None:
    with pytest.raises(InputError, match="experiment 'button_colour' of blueprint small has no round"):
        small.round_of(planned_id)


def test_experiments_that_do_not_exist(small: Blueprint) -> None:
    with pytest.raises(InputError, match="has no experiment 'buton_colour'; did you mean 'button_colour'"):
        small.allocations("buton_colour")
    once = Blueprint.parse(REAL, "clinic.yaml")
    with pytest.raises(InputError, match=r"experiment 'letter' of blueprint clinic has no round 'letter\.2'"):
        once.round_of("letter.2")
