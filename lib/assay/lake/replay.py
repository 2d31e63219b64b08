"""What was set aside, sent through silver again after its contract or its shape was corrected.

Bronze has every version whole, with its operation and all its digits, so the versions are read there and not
from the JSON that quarantine shows. Per table two commits: the rows that now keep the contract are merged,
then they leave quarantine. A replay killed in between and repeated merges the same versions again, which
changes nothing, and lets them leave.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assay.errors import InputError, ReconciliationError, did_you_mean
from assay.lake.contracts import Contract, made_of
from assay.lake.refine import EXPOSURES, QUARANTINE, exposures
from assay.lake.rules import violations
from assay.lake.tables import CHANGE_SEQUENCE, Lake
from assay.medallion.silver_exposures import EVENT
from assay.medallion.silver_shapes import shape
from assay.medallion.silver_versions import DELETED, Violations, identity, judged, newest, ranked
from assay.spark.local import FEW, kept

_ID = "quarantine_id"
_MERGED, _STAYS, _SUPERSEDED = "merged", "still set aside", "superseded"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the versions of one contract that were sent through again.

    Attributes:
        contract: The silver table.
        rows_in: Versions that were in quarantine.
        merged: They keep the contract now and are in the table.
        still_set_aside: They break it still; their reasons are those of now.
        superseded: They keep it, but a newer version of the row is there.
        missing: Of those still set aside, the ones that are not in what silver has taken of bronze.
    """

    contract: str
    rows_in: int
    merged: int
    still_set_aside: int
    superseded: int
    missing: int = 0

    def reconcile(self) -> None:
        """Refuse counts that do not add up.

        Raises:
            ReconciliationError: Versions are missing or too many.
        """
        if self.rows_in != self.merged + self.still_set_aside + self.superseded:
            raise ReconciliationError(
                f"{self.contract}: {self.rows_in:,} versions were in quarantine, {self.merged:,} are merged, "
                f"{self.still_set_aside:,} stay and {self.superseded:,} are superseded; these must add up. "
                "Nothing was changed"
            )


def replay(lake: Lake, contract: str | None = None, beginning: str = "") -> list[Replayed]:
    """Send what was set aside through silver again.

    Args:
        lake: The lake.
        contract: Only of this silver table.
        beginning: Only versions whose `quarantine_id` begins so.

    Returns:
        What became of them, per contract.

    Raises:
        InputError: No silver table has that name, or no version that identifier.
        ReconciliationError: Versions in are not versions out; the table was not changed.
        TransientError: Another run wrote at the same time; run it again.
    """
    if contract is not None and contract not in made_of():
        raise InputError(f"--contract is {contract!r}; {did_you_mean(contract, made_of())}")
    aside = lake.read(QUARANTINE).where(F.col(_ID).startswith(beginning))
    if contract is not None:
        aside = aside.where(F.col("contract") == contract)
    counted = {row[0]: row[1] for row in aside.groupBy("contract").count().collect()}
    if beginning and not counted:
        raise InputError(f"--id is {beginning!r}; no row in quarantine has an id that begins so")
    return [
        _replay(lake, Contract.load(name), aside.where(F.col("contract") == name), counted[name])
        for name in made_of()
        if name in counted
    ]


def _replay(lake: Lake, contract: Contract, aside: DataFrame, rows_in: int) -> Replayed:
    source = made_of()[contract.name]
    mark = lake.watermark(contract.name, source)  # refused if another run moves it meanwhile
    until = int(mark) if mark else None
    many = rows_in > FEW
    with ExitStack() as end:
        found = kept(end, _judged(lake, contract, aside, until), many=many)
        became = aside.join(found.select(_ID, "_became"), _ID, "left").groupBy("_became").count()
        count = {row[0]: row[1] for row in became.collect()}
        done = Replayed(
            contract.name,
            rows_in,
            merged=count.get(_MERGED, 0),
            still_set_aside=count.get(_STAYS, 0) + count.get(None, 0),
            superseded=count.get(_SUPERSEDED, 0),
            missing=count.get(None, 0),
        )
        done.reconcile()
        if done.merged:
            good = _rows(lake, contract, found.where(F.col("_became") == _MERGED), until)
            lake.merge(contract.name, kept(end, good, many=many), {}, delete_when=DELETED)
        left = _left(lake, aside, found)  # a MERGE reads its source twice, so they are kept
        lake.merge(QUARANTINE, kept(end, left, many=many), {}, delete_when=DELETED, newer_only=False)
    return done


def _judged(lake: Lake, contract: Contract, aside: DataFrame, until: int | None) -> DataFrame:
    """Each version that was set aside and that bronze has, once, with `_became`.

    Whether it is the newest of its row is judged among all versions that silver has taken until now.
    """
    changes = lake.read(made_of()[contract.name], until)
    none = F.array().cast("array<string>")
    every = judged(
        changes,
        shape(contract.name, changes, contract.schema),
        contract.schema,
        violations=Violations(violations(contract, "quarantine", "halt"), none, none),
        keys=contract.keys,
        run_id=lake.run_id,
        unknown=Contract.load(made_of()[contract.name]).schema_mode == "discard_row",
    )
    keys = (EVENT,) if contract.name == EXPOSURES else contract.keys
    numbers = F.broadcast(aside.select(CHANGE_SEQUENCE).distinct())
    mine = _with_identity(every.join(numbers, CHANGE_SEQUENCE, "left_semi"), contract)
    rows = F.broadcast(mine.join(aside, _ID, "left_semi").select(*keys).distinct())
    same = [F.col(f"v.{key}").eqNullSafe(F.col(f"r.{key}")) for key in keys]  # a key may be what is bad
    versions = every.alias("v").join(rows.alias("r"), same, "left_semi")
    found = _with_identity(ranked(versions, keys), contract).join(
        F.broadcast(aside.select(_ID)), _ID, "left_semi"
    )
    once = F.row_number().over(
        Window.partitionBy(_ID).orderBy(F.desc("_newest"))
    )  # captured twice, it counts once
    found = found.withColumn("_place", once).where("_place = 1").drop("_place")
    return _with_newer(lake, contract, found).withColumn("_became", _became())


def _with_identity(versions: DataFrame, contract: Contract) -> DataFrame:
    return versions.withColumn(_ID, identity(contract.name, F.to_json("_row")))


def _with_newer(lake: Lake, contract: Contract, found: DataFrame) -> DataFrame:
    """`_newer`: whether the table holds a newer version, which may break the contract as it is now."""
    if CHANGE_SEQUENCE not in contract.columns:
        return found.withColumn("_newer", F.lit(False))
    there = lake.read(contract.name).select(*contract.keys, F.col(CHANGE_SEQUENCE).alias("_there"))
    newer = F.coalesce(F.col("_there") > F.col(CHANGE_SEQUENCE), F.lit(False))
    return found.join(there, list(contract.keys), "left").withColumn("_newer", newer).drop("_there")


def _became() -> Column:
    good = F.when(F.col("_newest") & ~F.col("_newer"), _MERGED).otherwise(_SUPERSEDED)
    return F.when(F.size("_reasons") > 0, _STAYS).otherwise(good)


def _rows(lake: Lake, contract: Contract, good: DataFrame, until: int | None) -> DataFrame:
    """The rows of the table that good versions make."""
    return exposures(lake, good, until) if contract.name == EXPOSURES else newest(good, contract.schema)


def _left(lake: Lake, aside: DataFrame, found: DataFrame) -> DataFrame:
    """What leaves quarantine, as deleted rows, and what stays there for other reasons than before."""
    news = found.select(_ID, "_became", F.col("_reasons").alias("_now"))
    gone = F.col("_became") != _STAYS
    return (
        aside.join(news, _ID, "inner")
        .where(gone | (F.col("_now") != F.col("reasons")))
        .withColumn(DELETED, gone)
        .withColumn("reasons", F.when(gone, F.col("reasons")).otherwise(F.col("_now")))
        .withColumn("_run_id", F.lit(lake.run_id))
        .select(*aside.columns, DELETED)
    )
