"""The lake's tables as one run sees them: read what is published, write by contract.

Every write goes through `publish`: to a branch, audited there, then to main; a run killed anywhere is
repeated from what main says.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from pyspark.sql import Column, DataFrame, DataFrameWriterV2, SparkSession
from pyspark.sql import functions as F

from assay.errors import ContractError, TerminalError
from assay.lake import iceberg
from assay.lake.audit import audit
from assay.lake.bounds import Bounds
from assay.lake.contracts import Contract, names
from assay.lake.iceberg import MAIN, Snapshot
from assay.lake.parallel import each
from assay.lake.publish import Commit, Write, ensure, publish
from assay.lake.reading import Published
from assay.lake.summary import Writer, watermarks, watermarks_at
from assay.spark.local import frame

CHANGE_SEQUENCE = "_change_seq"
_SMALL = 1_000_000
"""Bytes of a table that is read as a whole: sooner than it is asked which part a write concerns."""
_ANYWHERE = Bounds((), nulls=False)


@dataclass(frozen=True, slots=True)
class Lake(Published):
    """The tables of one catalog, as one run sees and writes them. Safe to share between threads.

    Attributes:
        spark: The session.
        run_id: The run that writes; every snapshot carries it.
        catalog: The Iceberg catalog.
        job: The job that writes; every snapshot carries it.
        branch: What is read, and written: main, or a branch of each table, which shows main's state until it
            is first written.
    """

    spark: SparkSession
    run_id: str
    catalog: str = "glue_catalog"
    job: str = ""
    branch: str = MAIN
    _seen: dict[tuple[str, str], str | None] = field(default_factory=dict, init=False, repr=False)

    def on(self, branch: str) -> Lake:
        """The same lake on a branch of its tables: what is written is seen there only, until it is published.

        Args:
            branch: Letters, digits and `_`.
        """
        return Lake(self.spark, self.run_id, self.catalog, self.job, branch)

    @property
    def writer(self) -> Writer:
        """Who writes, as commits say it."""
        return Writer(self.run_id, self.job, self.branch)

    def watermark(self, name: str, key: str) -> str | None:
        """How far the published rows of a table go, by the newest snapshot that says so.

        A later write of the same run is refused if another run has moved the watermark since.

        Args:
            name: `<layer>.<table>`.
            key: What is measured, for example the name of the table that is read from.

        Returns:
            The text that was given with the rows; None if there never was one.
        """
        return self.watermarks(name, (key,))[key]

    def watermarks(self, name: str, keys: Iterable[str]) -> dict[str, str | None]:
        """Several watermarks of a table, all of one moment.

        Args:
            name: `<layer>.<table>`.
            keys: As for `watermark`.

        Returns:
            Key → what `watermark` returns.
        """
        held = watermarks(self._table(name), self.branch)
        found = {key: held.get(key) for key in keys}
        self._seen.update({(name, key): value for key, value in found.items()})
        return found

    def state(self, name: str) -> tuple[int | None, dict[str, str]]:
        """The published snapshot of a table (None without one) and how far it goes, both of one moment.

        Args:
            name: `<layer>.<table>`.
        """
        table = self._table(name)
        tip = table.tip(self.branch) if table else None
        return (tip.id if tip else None), watermarks_at(table, tip)

    def ensure(self, layer: str) -> None:
        """Make the tables of a layer that are not there yet, empty: a question to them then has an answer.

        Args:
            layer: `bronze`, `silver` or `gold`.
        """
        contracts = [Contract.load(name) for name in names() if name.startswith(f"{layer}.")]
        each({c.name: partial(ensure, self.spark, self.catalog, c) for c in contracts})

    # -- writing -----------------------------------------------------------------------------
    def append(self, name: str, df: DataFrame, watermark: Mapping[str, str]) -> Commit:
        """Add rows.

        Args:
            name: `<layer>.<table>`; it is made if it is not there.
            df: Rows with exactly the contract's columns.
            watermark: Key → how far the table goes with these rows. No rows and nothing new here: no commit.

        Raises:
            ContractError: The columns differ, or the rows break the contract; nothing was changed.
            TransientError: Another run wrote at the same time; nothing was changed.
        """
        contract = Contract.load(name)
        rows = _conform(df, contract)
        return self._publish(
            contract,
            watermark,
            nothing=rows.isEmpty,
            write=lambda _, target, properties: _options(rows, target, properties).append(),
            check=lambda base, new: audit(
                contract,
                self._between(name, base.id, new.id),
                expected=new.count("added-records"),
            ),
        )

    def merge(
        self,
        name: str,
        df: DataFrame,
        watermark: Mapping[str, str],
        *,
        delete_when: str = "false",
        newer_only: bool = True,
    ) -> Commit:
        """Insert, update and delete rows by the contract's key.

        Where the contract has `_change_seq`, a row is touched only by a newer change: applying changes twice,
        or in parts, ends in the same table. Files of a large table that hold no key between the least and the
        greatest of the rows are neither read nor audited again.

        Args:
            name: `<layer>.<table>`; it is made if it is not there.
            df: One row per key with the contract's columns, and what `delete_when` needs. It must be
                deterministic: Spark reads it more than once.
            watermark: As for `append`.
            delete_when: A SQL condition on `df`, for example `"_deleted"`: its rows are deleted, not written.
            newer_only: Whether `_change_seq` decides, as above; false where the rows say of a change what is
                known of it now.

        Raises:
            ContractError: The columns differ, a key stands twice, or rows break the contract; nothing was
                changed.
            TransientError: Another run wrote at the same time; nothing was changed.
        """
        contract = Contract.load(name)
        # Evaluated here, under the frame's own names: in the statement they could be taken for the target's.
        marked = df.withColumn("_delete", F.expr(f"coalesce({delete_when}, false)"))
        rows = _conform(marked, contract, beside=("_delete",))
        bounds = cache(partial(Bounds.of, rows, contract.key_types))

        def write(base: Snapshot, target: str, properties: Mapping[str, str]) -> None:
            if base.is_empty:  # nothing to join with, and no files to look for
                # As few files as a MERGE writes.
                new = rows.where("not _delete").drop("_delete").hint("rebalance")
                _options(new, target, properties).append()
            else:
                within = _ANYWHERE if _is_small(base) else bounds()
                self._merge(contract, rows, within, target, properties, newer_only=newer_only)

        return self._publish(
            contract,
            watermark,
            nothing=rows.isEmpty,
            write=write,
            check=lambda base, new: self._audit_merged(contract, bounds, base, new),
        )

    def overwrite(
        self, name: str, df: DataFrame, where: Column | str, watermark: Mapping[str, str]
    ) -> Commit:
        """Replace the rows that a condition selects.

        Args:
            name: `<layer>.<table>`; it is made if it is not there.
            df: All rows that shall stand where the condition holds, with exactly the contract's columns.
            where: What to replace, a condition on partition columns; `"true"` replaces the table.
            watermark: As for `append`; but an empty frame without a watermark clears what `where` selects.

        Raises:
            ContractError: The columns differ, rows break the contract or lie outside `where`; nothing was
                changed.
            TerminalError: `where` selects some but not all rows of a file; nothing was changed.
            TransientError: Another run wrote at the same time; nothing was changed.
        """
        contract = Contract.load(name)
        rows = _conform(df, contract)
        condition = F.expr(where) if isinstance(where, str) else where
        return self._publish(
            contract,
            watermark,
            nothing=lambda: bool(watermark) and rows.isEmpty(),
            write=lambda _, target, properties: _options(rows, target, properties).overwrite(condition),
            check=lambda _, new: audit(
                contract, self.read(name, new.id).where(condition), expected=new.count("added-records")
            ),
        )

    def remove(self, name: str, where: str, watermark: Mapping[str, str]) -> Commit:
        """Delete rows; files without such rows stay as they are.

        Args:
            name: `<layer>.<table>`.
            where: A SQL condition that selects one row or more. It is no secret from Spark's own log.
            watermark: As for `append`.

        Raises:
            TerminalError: Other rows than those went; nothing was changed.
            TransientError: Another run wrote at the same time; nothing was changed.
        """
        return self._correct(name, "DELETE FROM {target}", where, watermark, gone=True)

    def blank(self, name: str, column: str, text: str, where: str) -> Commit:
        """Put a text in the place of others.

        Args:
            name: `<layer>.<table>`.
            column: A column of texts.
            text: What they become; it must not be selected by `where`.
            where: As for `remove`.

        Raises:
            TerminalError: As for `remove`.
            TransientError: As for `remove`.
        """
        return self._correct(name, f"UPDATE {{target}} SET `{column}` = '{text}'", where, {}, gone=False)

    def mark(self, name: str, watermark: Mapping[str, str]) -> Commit:
        """Say how far a table goes, without any row.

        Args:
            name: `<layer>.<table>`.
            watermark: As for `append`.
        """
        return self.append(name, frame(self.spark, [], Contract.load(name).schema), watermark)

    def clear(self, name: str, keep: Iterable[str] = ()) -> Commit:
        """Empty a table and forget how far it went: what it is made of is then all new to it.

        Args:
            name: `<layer>.<table>`.
            keep: Watermarks that stay all the same.
        """
        contract = Contract.load(name)
        none = frame(self.spark, [], contract.schema)
        stay = {key: value for key, value in self.watermarks(name, keep).items() if value is not None}
        return self._publish(
            contract,
            stay,
            anew=True,
            nothing=lambda: False,
            write=lambda _, target, properties: _options(none, target, properties).overwrite(F.lit(True)),
            check=lambda _, new: audit(contract, self.read(name, new.id), expected=0),
        )

    # -- helpers -----------------------------------------------------------------------------
    def _publish(self, contract: Contract, watermark: Mapping[str, str], **steps: Any) -> Commit:
        name = contract.name
        expected = {key: value for (table, key), value in tuple(self._seen.items()) if table == name}
        write = Write(contract, dict(watermark), **steps)
        commit = publish(write, spark=self.spark, catalog=self.catalog, writer=self.writer, expected=expected)
        if write.anew:
            self._seen.update({(name, key): None for key in expected if key not in watermark})
        self._seen.update({(name, key): value for key, value in watermark.items()})
        return commit

    def _correct(
        self, name: str, verb: str, where: str, watermark: Mapping[str, str], *, gone: bool
    ) -> Commit:
        def write(_: Snapshot, target: str, properties: Mapping[str, str]) -> None:
            iceberg.execute(self.spark, f"{verb.format(target=target)} WHERE {where}", properties)

        def check(base: Snapshot, new: Snapshot) -> None:
            selected = self.read(name, base.id).where(where).count() if gone else 0
            fewer = base.count("total-records") - new.count("total-records")
            left = self.read(name, new.id).where(where)
            if fewer != selected or not left.isEmpty():
                raise TerminalError(
                    f"{name}: {fewer:,} rows went and {selected:,} should have; nothing was changed, report "
                    "this as a defect"
                )

        return self._publish(Contract.load(name), watermark, nothing=lambda: False, write=write, check=check)

    def _audit_merged(
        self, contract: Contract, bounds: Callable[[], Bounds], base: Snapshot, new: Snapshot
    ) -> None:
        """Outside of the bounds no row can have changed; inside as many must have come as the commit says."""
        before, after = self.read(contract.name, base.id), self.read(contract.name, new.id)
        total = new.count("total-records")
        if base.is_empty or _is_small(new):
            audit(contract, after, expected=total)
            return
        inside = bounds().rows()
        more = total - base.count("total-records")
        audit(contract, after.where(inside), expected=before.where(inside).count() + more)

    def _merge(
        self,
        contract: Contract,
        rows: DataFrame,
        bounds: Bounds,
        target: str,
        properties: Mapping[str, str],
        *,
        newer_only: bool,
    ) -> None:
        source = f"merge_{uuid.uuid4().hex}"
        held = f"{source}_rows"
        rows.createOrReplaceTempView(held)
        try:
            # A view by its text is resolved as a whole before the MERGE is. With a frame's own view Spark 4.1
            # leaves tables unresolved where it asks which files to write anew, and then has no plan for them.
            self.spark.sql(f"CREATE TEMPORARY VIEW {source} AS SELECT * FROM {held}")
            statement = _merge_statement(contract, bounds, target, source, newer_only=newer_only)
            iceberg.execute(self.spark, statement, properties)
        finally:
            for view in (source, held):
                self.spark.catalog.dropTempView(view)


def _is_small(state: Snapshot) -> bool:
    return state.count("total-files-size") < _SMALL


def _conform(df: DataFrame, contract: Contract, beside: tuple[str, ...] = ()) -> DataFrame:
    """The contract's columns in order, and those `beside`; every other name is refused."""
    missing = [name for name in contract.columns if name not in df.columns]
    if missing:
        have = ", ".join(df.columns)
        raise ContractError(f"{contract.name}: the rows lack {', '.join(missing)}; they have {have}")
    unknown = [name for name in df.columns if name not in (*contract.columns, *beside)]
    if unknown and not beside:
        raise ContractError(
            f"{contract.name}: the contract has no column {', '.join(unknown)}; select what it lists, or add "
            "it there"
        )
    return df.select(*contract.columns, *beside)


def _options(df: DataFrame, target: str, properties: Mapping[str, str]) -> DataFrameWriterV2:
    writer = df.writeTo(target)
    for key, value in properties.items():
        writer = writer.option(f"snapshot-property.{key}", value)
    return writer


def _merge_statement(
    contract: Contract, bounds: Bounds, target: str, source: str, *, newer_only: bool
) -> str:
    on = " AND ".join([*(f"t.`{key}` = s.`{key}`" for key in contract.keys), bounds.sql("t")])
    ordered = newer_only and CHANGE_SEQUENCE in contract.columns
    newer = f" AND s.{CHANGE_SEQUENCE} > t.{CHANGE_SEQUENCE}" if ordered else ""
    updates = ", ".join(f"`{column}` = s.`{column}`" for column in contract.columns)
    columns = ", ".join(f"`{column}`" for column in contract.columns)
    values = ", ".join(f"s.`{column}`" for column in contract.columns)
    return (
        f"MERGE INTO {target} t USING {source} s ON {on} "
        f"WHEN MATCHED AND s._delete{newer} THEN DELETE "
        f"WHEN MATCHED AND NOT s._delete{newer} THEN UPDATE SET {updates} "
        f"WHEN NOT MATCHED AND NOT s._delete THEN INSERT ({columns}) VALUES ({values})"
    )
