"""The page *Your data*: an experiment in a file of one's own, analysed and diagnosed; nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from assay.errors import InputError
from assay.serving.analysis import Analysis, analyze_file, files
from assay.serving.analysis.arms import MOST_ARMS, natural
from assay.serving.analysis.columns import labels
from assay.serving.analysis.files import Held
from assay.serving.dashboard import page
from assay.serving.dashboard.reading import Query

MOST_MEGABYTES: Final = 100
"""Of a file; the server refuses larger ones before it holds them (`--server.maxUploadSize`)."""
FEWEST_COLUMNS: Final = 2
MOST_COLUMNS: Final = 2_000
_MOST_METRICS = 20
_NOTHING: Final = "nothing"
_KINDS: Final = {"as the values are": "", "mean": ":mean", "proportion": ":proportion"}
"""What the reader chooses → how `analyze_file` is told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader chose.

    Attributes:
        arm: Column of the arm.
        control: Its value that all others are compared with.
        metrics: As `analyze_file` takes them.
        alpha: Two-sided level.
        diagnose: Whether error rates are measured on these units.
    """

    arm: str
    control: str
    metrics: list[str]
    alpha: float
    diagnose: bool


def show(_query: Query) -> None:
    """Show the page.

    Args:
        _query: Not asked: the file is all that is read.
    """
    st.title("Your data")
    st.caption(
        "One row per randomised unit, a column that names its arm, a column per metric. The file stays in "
        "memory while this page is open; only the columns that you choose are read, and nothing is stored."
    )
    given = st.file_uploader(
        f"CSV or Parquet file, up to {MOST_MEGABYTES} MB", max_upload_size=MOST_MEGABYTES, key="file"
    )
    if given is None:
        st.info("Choose a file to begin.")
        return
    with page.told():
        held = accepted(given.name, given.getvalue())
        asked = _asked(held)
        if asked is not None:
            _shown(_analysed(held, asked))


def accepted(name: str, content: bytes) -> Held:
    """A file that may be asked about.

    Args:
        name: Its name.
        content: Its bytes.

    Raises:
        InputError: It is larger than `MOST_MEGABYTES`.
    """
    size = len(content) / 2**20
    if size > MOST_MEGABYTES:
        raise InputError(
            f"{name} has {size:,.0f} MB; at most {MOST_MEGABYTES} MB are taken here: keep the columns of the "
            "experiment, or use `assay analyze` where the file is"
        )
    return Held(name, content)


def columns(held: Held) -> list[str]:
    """The columns of a file.

    Args:
        held: The file.

    Raises:
        InputError: It is no table, or has fewer columns than `FEWEST_COLUMNS`, or more than `MOST_COLUMNS`.
    """
    found = files.names(held)
    if not FEWEST_COLUMNS <= len(found) <= MOST_COLUMNS:
        count = f"{len(found):,} column{'' if len(found) == 1 else 's'}"
        raise InputError(
            f"{held} has {count}; from {FEWEST_COLUMNS} to {MOST_COLUMNS:,} are taken here: an arm and the "
            "metrics of the experiment"
        )
    return found


def arms(held: Held, column: str) -> list[str]:
    """The values of a column that names arms, in order.

    Args:
        held: The file.
        column: The column.

    Raises:
        InputError: They are so many that the column names no arms, or there is none.
    """
    found = labels(files.read(held, [column]).column(0), column).drop_null().unique().to_pylist()
    if not 0 < len(found) <= MOST_ARMS:
        raise InputError(
            f"column {column!r} has {len(found):,} different values; from 2 to {MOST_ARMS} name arms: choose "
            "another column"
        )
    return sorted(map(str, found), key=natural)


def _asked(held: Held) -> Asked | None:
    """What the reader chose; None until the analysis is asked for."""
    names = columns(held)
    left, right = st.columns(2)
    arm = str(left.selectbox("Column of the arm", names))
    control = str(left.selectbox("Control", arms(held, arm)))
    others = [name for name in names if name != arm]
    chosen = right.multiselect("Columns of the metrics", others, max_selections=_MOST_METRICS)
    kind = str(right.selectbox("Their type", list(_KINDS)))
    divisor = right.selectbox(
        "Divided by", [_NOTHING, *others], help="A column per unit; makes each metric a ratio."
    )
    alpha = left.number_input("Two-sided level, %", min_value=0.01, max_value=50.0, value=5.0) / 100
    diagnose = right.checkbox("Measure the methods' error rates on these units", value=True)
    if not st.button("Analyse", type="primary"):
        return None
    if not chosen:
        raise InputError("no metric is chosen; choose at least one column")
    return Asked(arm, control, [_metric(name, str(divisor), kind) for name in chosen], alpha, diagnose)


def _metric(name: str, divisor: str, kind: str) -> str:
    return f"{name}{_KINDS[kind]}" if divisor == _NOTHING else f"{name}/{divisor}:ratio"


def _analysed(held: Held, asked: Asked) -> Analysis:
    with st.spinner("analysing ..."):
        return analyze_file(
            held,
            arm=asked.arm,
            control=asked.control,
            metrics=asked.metrics,
            alpha=asked.alpha,
            diagnose=asked.diagnose,
        )


def _shown(found: Analysis) -> None:
    st.html(found)
    st.download_button(
        "Save this page", found.to_html(), file_name="analysis.html", mime="text/html", on_click="ignore"
    )
