"""Experiments on clusters: which methods may answer, and what is refused at load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay import configs
from assay.errors import InputError
from assay.spec import Blueprint
from assay.spec.fact import CLUSTERED
from assay.spec.plan import Anytime, Bayesian, Fixed, Sequential, fitting, method_of
from assay.stats import METHODS, Samples

DOCUMENT = """
name: schools
start: 2026-01-05
exposures: {table: silver.assignments, unit: pupil, arm: arm, time: at, cluster: school}
facts: {scores: {table: silver.scores, unit: pupil, time: at, values: [points]}}
metrics: {points: {type: mean, numerator: scores.points}}
experiments:
  tutoring:
    weeks: 2
    metrics: [points]
    arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]
"""


def read(old: str = "", new: str = "") -> Blueprint:
    return Blueprint.parse(DOCUMENT.replace(old, new) if old else DOCUMENT, "schools.yaml")


def test_methods_that_know_clusters_are_of_the_registry_and_take_the_default_of_their_type() -> None:
    for names in CLUSTERED.values():
        for name in names:
            assert METHODS[name].data is Samples
            assert "cluster" in METHODS[name].needs
    blueprint = read()
    assert blueprint.clustered
    assert method_of(Fixed(), blueprint.metrics["points"], clustered=True) == "cluster_robust"
    assert method_of(Fixed(), blueprint.metrics["points"]) == "welch"
    own = read("scores.points}", "scores.points, method: cluster_robust_icc}").metrics["points"]
    assert method_of(Sequential(looks=[2]), own, clustered=True) == "cluster_robust_icc"
    middle = read("mean, numerator: scores.points", "quantile, numerator: scores.points, quantile: 0.5")
    assert method_of(Fixed(), middle.metrics["points"], clustered=True) == "quantile_clustered"
    assert fitting(Anytime(), "mean", clustered=True) == fitting(Bayesian(), "mean", clustered=True) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("scores.points}", "scores.points, method: welch}",
         "metrics.points.method: is 'welch', which takes units of one cluster for independent; name"),
        (", cluster: school", "", None),
        ("mean, numerator: scores.points", "ratio, numerator: scores.points, denominator: scores.count",
         "metrics.points.type: is 'ratio', for which no method knows clusters; allowed with"),
        ("weeks: 2", "weeks: 2\n    plan: {kind: anytime}",
         "experiments.tutoring.plan: is 'anytime', by which no method for clusters decides; take fixed or"),
        ("weeks: 2", "weeks: 2\n    plan: {kind: bayesian}",
         "experiments.tutoring.plan: is 'bayesian', by which no method for clusters decides"),
    ],
)  # fmt: skip
def test_what_does_not_know_clusters_is_refused(old: str, new: str, sentence: str | None) -> None:
    if sentence is None:
        assert not read(old, new).clustered
        return
    with pytest.raises(InputError) as caught:
        read(old, new)
    assert sentence in caught.value.message


def test_methods_that_know_clusters_need_them() -> None:
    document = DOCUMENT.replace(", cluster: school", "").replace(
        "scores.points}", "scores.points, method: cluster_robust}"
    )
    with pytest.raises(
        InputError, match=r"metrics\.points\.method: is 'cluster_robust', which must know the"
    ):
        Blueprint.parse(document, "schools.yaml")


def test_the_page_shows_what_can_be_written() -> None:
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
    (shown,) = re.findall(r"```yaml\n(exposures: .*?)```", page, re.DOTALL)
    old = next(line for line in DOCUMENT.splitlines() if line.startswith("exposures"))
    assert Blueprint.parse(DOCUMENT.replace(old, shown), "docs/metrics.md").exposed.cluster == "school"
    section = page.partition("## Units in clusters")[2].partition("## ")[0]
    named = {
        name for line in section.splitlines() if line.startswith("|") for name in re.findall(r"`(\w+)`", line)
    }
    assert named == {name for names in CLUSTERED.values() for name in names}


def test_blueprints_without_clusters_keep_their_documents() -> None:
    assert "cluster" not in read(", cluster: school", "").document()
    assert '"cluster":"school"' in read().document()
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    assert "cluster" not in Blueprint.parse(path.read_text(), "shipped").document()
