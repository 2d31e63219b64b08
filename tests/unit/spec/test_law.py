"""Laws in a blueprint whose parameters are lists of laws: read, written, refused at the right place."""

from __future__ import annotations

import json

import pytest
from pydantic_core import PydanticCustomError

from assay.distributions import Empirical, Gamma, Hurdle, Mixture, Poisson
from assay.spec.law import read_law, write_law

PARTS = [
    {"distribution": "gamma", "shape": 2, "scale": 3},
    {"distribution": "hurdle", "zeros": 0.2, "of": {"distribution": "poisson", "rate": 1}},
]
MIXTURE = {"distribution": "mixture", "weights": [1, 3], "laws": PARTS}


def test_a_list_of_laws_is_read() -> None:
    assert read_law(MIXTURE) == Mixture((1, 3), (Gamma(2, 3), Hurdle(0.2, Poisson(1))))


def test_what_is_written_reads_as_an_equal_law() -> None:
    law = Mixture((1, 3), (Mixture((1, 1), (Gamma(2, 3), Poisson(1))), Empirical((0, 2), (1, 1))))
    written = write_law(law)
    assert written["laws"][1] == {"distribution": "empirical", "values": (0, 2), "weights": (1, 1)}  # type: ignore[index]
    assert read_law(json.loads(json.dumps(written))) == law


@pytest.mark.parametrize(
    ("part", "path", "sentence"),
    [
        ({"distribution": "gama"}, "rate.laws.1.distribution", "no distribution 'gama'"),
        ({"distribution": "poisson"}, "rate.laws.1", "poisson needs the parameter 'rate'"),
        (3, "rate", "mixture.laws holds 3; each must be a distribution"),
    ],
)
def test_a_mistake_in_a_list_is_named_with_its_place(part: object, path: str, sentence: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        read_law({**MIXTURE, "laws": [PARTS[0], part]}, "rate")
    assert caught.value.context is not None
    assert caught.value.context["path"] == path
    assert sentence in caught.value.context["sentence"]
