"""Every example in a docstring runs, and every method says what its page needs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import assay.stats
from assay.stats import METHODS

MODULES = sorted(info.name for info in pkgutil.walk_packages(assay.stats.__path__, "assay.stats."))


@pytest.mark.parametrize("name", ["assay.stats", *MODULES])
def test_every_example_runs(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_says_what_its_page_needs(name: str) -> None:
    doc = inspect.getdoc(METHODS[name].function) or ""
    for section in ("Formula:", "Assumes:", "Use when:", "Avoid when:", "Args:", "Returns:"):
        assert f"\n{section}" in doc, section
    source = importlib.import_module(METHODS[name].function.__module__).__doc__ or ""
    assert "\nReferences:" in source
