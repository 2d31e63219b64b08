"""What experiments are made of: the lake's own tables and those in place, all as they stand at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame

from assay.lake import in_place
from assay.lake.in_place import InPlace
from assay.lake.tables import Lake
from assay.medallion.gold_scope import Touched, every_week
from assay.medallion.gold_touched import sources, touched
from assay.spec import Blueprint
from assay.spec.data_catalog import Catalog

Warn = Callable[[str], object]
"""Takes a sentence about what is not as it should be and stops nothing."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """The tables of a blueprint's experiments.

    Attributes:
        lake: The lake.
        blueprint: The blueprint in force.
        places: Those that are read in place.
        marks: Table → how it stands, as text; of a table of ours its snapshot, 0 where it was never written.
    """

    lake: Lake
    blueprint: Blueprint
    places: Mapping[str, InPlace]
    marks: dict[str, str]

    @staticmethod
    def now(lake: Lake, blueprint: Blueprint, catalog: Catalog | None) -> Ingredients:
        """As they stand now.

        Args:
            lake: The lake.
            blueprint: The blueprint in force.
            catalog: Who knows the tables in place; None where nobody is there to ask.

        Raises:
            InputError: A table in place cannot be read.
            TransientError: The catalog or the object store does not answer.
        """
        names = sources(blueprint)
        places = in_place.tables(lake, names, catalog)
        marks = {n: places[n].mark if n in places else str(lake.snapshot(n) or 0) for n in names}
        return Ingredients(lake, blueprint, places, marks)

    def rows(self) -> dict[str, DataFrame]:
        """Table → its rows."""
        with in_place.reading(self.places):
            theirs = {name: place.read() for name, place in self.places.items()}
        ours = {name: mark for name, mark in self.marks.items() if name not in theirs}
        return theirs | {name: self.lake.read(name, int(mark) or None) for name, mark in ours.items()}

    def touched(
        self, before: Mapping[str, str | None], exposures: DataFrame, until: date, warn: Warn
    ) -> Touched:
        """What changed since an earlier moment.

        Args:
            before: Table → how it stood then.
            exposures: `gold_exposures.exposures`, as they are now.
            until: End of the weeks that gold is made for, exclusive.
            warn: Told of each table of which it is not known, so that all of it counts.
        """
        with in_place.reading(self.places):
            logs = {name: self._changelog(name, before[name]) for name in self.marks}
        whole = {name for name, log in logs.items() if log is None}
        for name in sorted(whole):
            warn(
                f"what changed in {name} since the last run is not known: its owner expired the state of "
                "then, wrote files anew, deleted rows by delete files or changed its columns; all its weeks "
                "are made anew"
            )
        with in_place.reading(self.places):
            told = {name: log for name, log in logs.items() if log is not None}
            known = touched(self.blueprint, told, exposures)
        every = every_week(self.blueprint, until)
        facts = {name: every for name, fact in self.blueprint.facts.items() if fact.table in whole}
        return known | Touched(facts)

    def _changelog(self, name: str, mark: str | None) -> DataFrame | None:
        if name in self.places:
            return self.places[name].since(mark)
        return self.lake.changelog(name, int(mark or 0) or None, int(self.marks[name]) or None)
