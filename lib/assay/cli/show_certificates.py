"""What `assay certify` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from assay.cli.show import PIPE_WIDTH

if TYPE_CHECKING:
    from assay.certify.certificate import Certificate

_STYLE = {"holds": "green", "liberal": "red", "conservative": "yellow"}
_WIDE = 150
_FOR_WIDE = frozenset({"bias", "se ratio", "type S", "type M"})


def show(certificates: Sequence[Certificate], *, whole: bool) -> None:
    """Print certificates: a line each, or a summary of the whole grid."""
    console = Console(highlight=False)
    if console.width < PIPE_WIDTH and not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    console.print(_summary(certificates) if whole else _lines(certificates, wide=console.width >= _WIDE))
    console.print(
        f"{len(certificates):,} certificates. Of one kind of data: assay certify --scenario gamma-0.1; "
        "the page: docs/certificates/README.md"
        if whole
        else "In brackets the 95 % Monte-Carlo interval. Everything else that was measured: --json",
        soft_wrap=True,
    )


def _lines(certificates: Sequence[Certificate], *, wide: bool) -> Table:
    columns = _COLUMNS if wide else [column for column in _COLUMNS if column[0] not in _FOR_WIDE]
    table = Table()
    for name, _ in columns:
        text = name in {"scenario", "method", "verdict"}
        table.add_column(name, justify="left" if text else "right", no_wrap=True)
    for one in certificates:
        table.add_row(*(of(one) for _, of in columns))
    return table


def _summary(certificates: Sequence[Certificate]) -> Table:
    """Method by method: in how many cells it holds, is liberal or conservative, and its worst."""
    table = Table(title="Type I error at a nominal 5 %, over all kinds of data it is meant for")
    table.add_column("method")
    for name in ("cells", "holds", "conservative", "liberal", "worst"):
        table.add_column(name, justify="right")
    table.add_column("where")
    methods: dict[str, list[Certificate]] = {}
    for one in certificates:
        methods.setdefault(one.method, []).append(one)
    for name, mine in sorted(methods.items()):
        count = {verdict: sum(one.verdict == verdict for one in mine) for verdict in _STYLE}
        worst = max(mine, key=lambda one: one.type_i_error)
        table.add_row(
            name,
            str(len(mine)),
            *(str(count[verdict]) for verdict in ("holds", "conservative", "liberal")),
            f"{100 * worst.type_i_error:.1f} %",
            worst.scenario,
        )
    return table


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


_COLUMNS: list[tuple[str, Callable[[Certificate], str]]] = [
    ("scenario", lambda one: one.scenario),
    ("method", lambda one: one.method),
    (
        "type I error",
        lambda one: f"{100 * one.type_i_error:.1f} % ({100 * one.lower:.1f}–{100 * one.upper:.1f})",
    ),
    ("verdict", lambda one: f"[{_STYLE[one.verdict]}]{one.verdict}[/]"),
    ("power", lambda one: f"{_percent(one.power)} at {100 * (one.lift or 0):+,.0f} %"),
    ("coverage", lambda one: _percent(one.coverage)),
    ("bias", lambda one: _number(one.bias)),
    ("se ratio", lambda one: _number(one.se_ratio)),
    ("type S", lambda one: _percent(one.type_s)),
    ("type M", lambda one: _number(one.type_m)),
]
