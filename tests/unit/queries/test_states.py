"""The state of a table is that of what readers see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.serving.queries.states import states

ROWS = pa.table({"asset": ["tin"], "unit": ["kg"]})


def test_each_write_gives_another_state(lake: Any, tmp_path: Path) -> None:
    own = type(lake)(tmp_path)  # the lake of the session is not written to
    for name in ("assets", "others"):
        own.create_table(("gold", name), ROWS.schema).append(ROWS)
    before = states(["gold.assets", "gold.others"], source=own)
    assert before["gold.assets"] == str(own.load_table(("gold", "assets")).current_snapshot().snapshot_id)
    own.load_table(("gold", "assets")).append(ROWS)
    after = states(["gold.assets", "gold.others"], source=own)
    assert after["gold.assets"] != before["gold.assets"]
    assert after["gold.others"] == before["gold.others"]


def test_what_is_not_there_or_empty_is_left_out(lake: Any) -> None:
    assert states(["gold.empty", "gold.nope", "bronze.nope"], source=lake) == {}
